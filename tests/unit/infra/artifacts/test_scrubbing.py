"""Secrets in errors do not go on record."""

import string

from hypothesis import given
from hypothesis import strategies as st

from infra.artifacts.scrubbing import LONGEST, scrubbed

secrets = st.text(string.ascii_letters + string.digits + "._~-", min_size=8, max_size=60).filter(
    lambda text: len(set(text)) > 4
)


@given(secrets, st.sampled_from(["https://ann:{}@r.test/v2/", "Authorization: Bearer {}", "Basic {}", "token={}&x=1"]))
def test_secrets_are_taken_out(secret: str, form: str) -> None:
    assert secret not in scrubbed(f"it went wrong: {form.format(secret)} and so on")


@given(st.text())
def test_any_text_becomes_one_short_line(text: str) -> None:
    found = scrubbed(text)
    assert len(found) <= LONGEST
    assert "\n" not in found
    assert scrubbed(found) == scrubbed(scrubbed(found))


def test_what_is_no_secret_stays() -> None:
    text = "registry.test:5000 answers 404 to GET http://registry.test:5000/v2/a/manifests/v1: not found"
    assert scrubbed(text) == text
