import pytest

from schemas.registry import MemoryRegistry, RefusedSchemaError
from tests.contracts.registries import RegistryContract


class TestMemoryRegistry(RegistryContract):
    @pytest.fixture
    def registry(self) -> MemoryRegistry:
        return MemoryRegistry()


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(RefusedSchemaError, match="nonsense"):
        MemoryRegistry().register("s", {"type": "nonsense"})
