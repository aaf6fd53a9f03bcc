"""The page on topics is up to date, and it is enough to read a batch with nothing else."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from producers import Publisher
from schemas.avro_files import all_schemas
from schemas.reference import PAGE, page, type_name
from schemas.topics import SYSCALLS, TOPICS
from tests.conftest import Broker
from tests.example_batch import batch
from tests.registry_server import make_schemas_topic, serving


def test_the_page_is_what_the_schemas_say() -> None:
    assert PAGE.read_text() == page(), "run: python -m schemas.reference"


def test_every_topic_record_and_field_is_on_the_page() -> None:
    text = PAGE.read_text()
    for topic in TOPICS.values():
        assert f"| `{topic.name}` |" in text
    for name, schema in all_schemas().items():
        assert f"\n## {name}\n" in text
        assert all(f"| `{field['name']}` |" in text for field in schema["fields"])
    assert "\n### Container\n" in text


def test_links_within_the_page_lead_somewhere() -> None:
    text = PAGE.read_text()
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {title.lower().replace(".", "").replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_types_are_told_in_words() -> None:
    assert type_name({"type": "map", "values": ["null", "long"]}) == "map of null or long"


def test_every_column_tells_its_type() -> None:
    fields = all_schemas()["deedlog.syscalls.SyscallBatch"]["fields"]
    columns = [field["doc"] for field in fields if field["type"] == "bytes"]
    assert len(columns) > 20
    assert all(re.match(r"(u8|u16|u32|u64|i32|i64)(:| string code:)", doc) for doc in columns)


@pytest.mark.kafka
def test_kcat_and_the_program_on_the_page_read_a_batch(kafka: Broker, tmp_path: Path) -> None:
    kcat = shutil.which("kcat")
    assert kcat, "kcat is not installed; run: make test"
    program = tmp_path / "read_batch.py"
    program.write_text(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0])
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as registry:
        with Publisher(kafka.bootstrap_servers, registry.url, source="/test") as publisher:
            publisher.publish(SYSCALLS, batch("doc"), key="doc", id="doc-batch")
        fetch = [kcat, "-C", "-e", "-q", "-b", kafka.bootstrap_servers, "-t", "syscalls"]
        found = subprocess.run([*fetch, "-f", "%k %p %o %h\\n"], check=True, capture_output=True, timeout=60).stdout
        [(partition, offset, headers)] = re.findall(r"^doc (\d+) (\d+) (.*)$", found.decode(), re.MULTILINE)
        assert {"ce_id=doc-batch", "ce_type=deedlog.syscalls.SyscallBatch"} <= set(headers.split(","))
        one = ["-p", partition, "-o", offset, "-c", "1", "-f", "%s"]
        value = subprocess.run([*fetch, *one], check=True, capture_output=True, timeout=60).stdout
        command = [sys.executable, "-I", str(program), registry.url]
        told = subprocess.run(command, input=value, check=True, capture_output=True, timeout=60).stdout.decode()
    assert told.splitlines() == [
        "5e55:f\topenat\t3\t/etc/shadow\t100\tcat\thost",
        "5e55:10\texecve\t0\tNone\t200\tsh\tweb",
        "5e55:11\topenat\t-13\t/tmp/\\xff\\xfe\t200\tsh\tweb",
    ]
