from hypothesis import given
from hypothesis import strategies as st

from infra.registries.challenges import Challenge, parse_challenges

TOKENS = st.text(st.sampled_from("abcXYZ019!#$&'*+-.^_`|~"), min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12)
CHALLENGES = st.lists(
    st.builds(
        lambda scheme, parameters: Challenge(scheme.lower(), {key.lower(): value for key, value in parameters.items()}),
        TOKENS,
        st.dictionaries(TOKENS.map(str.lower), VALUES, min_size=1, max_size=4),
    ),
    max_size=4,
)


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(challenge: Challenge) -> str:
    return f"{challenge.scheme} " + ",".join(f"{name}={quoted(value)}" for name, value in challenge.parameters.items())


@given(CHALLENGES)
def test_what_is_written_is_read(challenges: list[Challenge]) -> None:
    assert parse_challenges(", ".join(written(one) for one in challenges)) == tuple(challenges)


@given(st.text(st.characters(codec="latin-1"), max_size=80) | st.text(st.sampled_from('Bearer ="\\,a'), max_size=40))
def test_anything_is_read_without_an_error(value: str) -> None:
    for challenge in parse_challenges(value):
        assert challenge.scheme == challenge.scheme.lower()


def test_what_registries_send_is_read() -> None:
    hub = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'
    [challenge] = parse_challenges(hub)
    assert challenge.parameters["scope"] == "repository:a/b:pull,push"
    assert parse_challenges('Basic realm="Registry Realm"') == (Challenge("basic", {"realm": "Registry Realm"}),)
    assert [one.scheme for one in parse_challenges('Negotiate, Basic realm="x", NTLM abc==, Bearer realm = y')] == [
        "negotiate",
        "basic",
        "ntlm",
        "bearer",
    ]


def test_the_first_of_two_values_counts() -> None:
    assert parse_challenges('Bearer realm="a", realm="b"')[0].parameters == {"realm": "a"}
