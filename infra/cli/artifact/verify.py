"""`verify`: whether an artifact was signed by a key, as cosign and notation sign."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from infra.cli.artifact.commands import DEBUG, Call, Command, exactly
from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag
from infra.cli.artifact.formats import Format, described, format_flags, parse_format
from infra.cli.artifact.platforms import platform_flag, platform_of
from infra.cli.artifact.printing import say
from infra.cli.artifact.remote_flags import spec_flag
from infra.cli.artifact.targets import Place, open_to_read, parse_place, require_reference, resolve, target_flags
from infra.oci.descriptors import Descriptor

if TYPE_CHECKING:
    from infra.oci.signatures import Verdict


def run(call: Call) -> None:
    """Verify signatures. Raises ArtifactError if none is good, OciError, OSError."""
    from datetime import UTC, datetime

    from infra.oci.public_keys import PublicKey
    from infra.oci.signatures import is_signed, verify

    place, format = parse_place(call.flags, call.arguments[0]), parse_format(call.flags)
    require_reference(call, place)
    call.flags.require("key")
    key = PublicKey(Path(call.flags.text("key")).read_bytes())
    target = open_to_read(place)
    root = resolve(target, place.reference, platform_of(call.flags))
    verdicts = verify(target, root, key, datetime.now(UTC).isoformat())
    _show(place, format, root, verdicts, good=is_signed(verdicts))


def _show(place: Place, format: Format, root: Descriptor, verdicts: "list[Verdict]", *, good: bool) -> None:
    if not format.is_text:
        found: list[Any] = [msgspec.to_builtins(one) for one in verdicts]
        format.write({**described(place.path, root), "verified": good, "signatures": found})
    for one in verdicts if format.is_text else ():
        say("Good" if one.good else "Bad ", one.layout, one.signature, f"({one.why})")
    if not good:
        why = "none of its signatures was made by this key" if verdicts else "it has no signature"
        raise ArtifactError(f"{place.raw} is not verified: {why}")
    if format.is_text:
        say("Verified", place)
        say("Digest:", root.digest)


COMMAND: Final = Command(
    "[flags] --key <file> <name>{:<tag>|@<digest>}",
    (
        *target_flags(),
        spec_flag(),
        *format_flags(),
        Flag("key", "public key or certificate in PEM", value="path"),
        platform_flag(),
        DEBUG,
    ),
    exactly(1, "the artifact to verify"),
    run,
    "One good signature is enough. Signatures are looked for where cosign and notation keep them.",
    (("Verify what cosign signed", "verify --key cosign.pub localhost:5000/hello:v1"),),
)
