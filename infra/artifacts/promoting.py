"""What promotions let be done: requirements are checked, and an artifact that meets them is copied."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from infra.artifacts.mirroring import digest_at
from infra.artifacts.pacing import Counting
from infra.artifacts.scans import as_severe, findings, worst
from infra.artifacts.targets import Targets
from infra.oci.copying import copy, copy_with_referrers
from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError, InvalidReferenceError, OciError
from infra.oci.kinds import Kind, cosign_tag, kind_of_manifest, kind_of_referrer
from infra.oci.manifests import parse_manifest
from infra.oci.media_types import CREATED
from infra.oci.public_keys import PublicKey
from infra.oci.references import check_tag
from infra.oci.signatures import is_signed, verify
from infra.oci.target import ReadOnlyTarget, read_all
from schemas.types.promotions import ArtifactPromoted, PromotionSpec, Requirement, RequirementsChecked
from streams.artifacts.naming import is_digest
from streams.artifacts.places import mark_of, untagged
from streams.promotions.state import CheckRequirements, PromoteArtifact, required

MOST_REPORT_BYTES = 64 << 20
MOST_SHOWN = 3


def check_requirements(
    targets: Targets, effect: str, action: CheckRequirements, quarantines: dict[str, str]
) -> RequirementsChecked:
    """Say of each requirement whether it is met; `quarantines` is by digest what bars it. Raises OciError."""
    spec = action.spec
    target = targets.read(untagged(spec.source), spec.access)
    root = target.resolve(mark_of(spec.source) or "latest")
    found = Requirements(target, root, spec, quarantines)
    return RequirementsChecked(
        effect=effect, digest=root.digest, requirements=tuple(found.check(name) for name in required(spec))
    )


class Requirements:
    """Checks what is required of one artifact."""

    def __init__(
        self, target: ReadOnlyTarget, root: Descriptor, spec: PromotionSpec, quarantines: dict[str, str]
    ) -> None:
        self._target = target
        self._root = root
        self._spec = spec
        self._quarantines = quarantines
        self._referrers = list(target.referrers(root))
        self._name = f"{untagged(spec.source)}@{root.digest}"

    def check(self, name: str) -> Requirement:
        """Return what becomes of a requirement. Raises OciError if that cannot be found out."""
        match name:
            case "not-quarantined":
                return self._not_quarantined()
            case "sbom":
                return self._sbom()
            case "scan":
                return self._scan()
            case _:
                return self._signature()

    def _not_quarantined(self) -> Requirement:
        bar = self._quarantines.get(self._root.digest)
        if bar is None:
            return Requirement(requirement="not-quarantined", met=True, detail="no quarantine of it is known")
        fix = f"deedlog describe quarantine {bar}"
        return Requirement(requirement="not-quarantined", met=False, detail=f"it is quarantined by {bar}", fix=fix)

    def _sbom(self) -> Requirement:
        for one in self._of_kind("sbom", ".sbom"):
            return Requirement(
                requirement="sbom", met=True, referrer=one.digest, detail=f"there is one ({one.artifact_type})"
            )
        fix = f"deedlog artifact attach --artifact-type application/spdx+json {self._name} sbom.spdx.json"
        return Requirement(requirement="sbom", met=False, detail="no bill of materials refers to it", fix=fix)

    def _scan(self) -> Requirement:
        # The last one counts: a scan of yesterday says nothing of what was found since.
        scans = sorted(self._of_kind("scan", ".scan"), key=lambda one: (one.annotations or {}).get(CREATED, ""))
        if not scans:
            fix = f"deedlog artifact attach --artifact-type application/sarif+json {self._name} scan.sarif"
            return Requirement(requirement="scan", met=False, detail="no scan refers to it", fix=fix)
        return self._judged(scans[-1])

    def _judged(self, scan: Descriptor) -> Requirement:
        limit, found = self._spec.scan, []
        try:
            for layer in parse_manifest(read_all(self._target, scan), scan.media_type).layers or ():
                found += findings(read_all(self._target, layer, MOST_REPORT_BYTES))
        except InvalidContentError as error:
            detail = f"its last scan cannot be read: {error}"
            return Requirement(requirement="scan", met=False, referrer=scan.digest, detail=detail)
        if severe := as_severe(found, limit):
            named = ", ".join(dict.fromkeys(name for _, name in severe[:MOST_SHOWN]))
            detail = f"{len(severe)} findings are {limit} or worse, such as {named}"
            fix = "mend what was found, scan again, and attach the new scan"
            return Requirement(requirement="scan", met=False, referrer=scan.digest, detail=detail, fix=fix)
        detail = f"{len(found)} findings, the worst {worst(found)}" if found else "nothing was found"
        return Requirement(requirement="scan", met=True, referrer=scan.digest, detail=detail)

    def _signature(self) -> Requirement:
        path = Path(self._spec.key)
        try:
            key = PublicKey(path.read_bytes())
        except OSError as error:
            raise InvalidContentError(f"the key {path} cannot be read: {error.strerror}") from None
        verdicts = verify(self._target, self._root, key, datetime.now(UTC).isoformat())
        if is_signed(verdicts):
            good = next(one for one in verdicts if one.good)
            detail = f"{good.layout}: {good.why}"
            return Requirement(requirement="signature", met=True, referrer=good.signature, detail=detail)
        why = verdicts[0].why if verdicts else "there is no signature"
        referrer = verdicts[0].signature if verdicts else ""
        fix = f"cosign sign --key KEY {self._name}"
        return Requirement(requirement="signature", met=False, referrer=referrer, detail=why, fix=fix)

    def _of_kind(self, kind: Kind, ending: str) -> Iterator[Descriptor]:
        for one in self._referrers:
            if kind_of_referrer(one) == kind or self._layers_are(one, kind):
                yield one
        if tagged := digest_at(self._target, cosign_tag(self._root.digest, ending)):
            yield tagged

    def _layers_are(self, one: Descriptor, kind: Kind) -> bool:
        try:
            return kind_of_manifest(parse_manifest(read_all(self._target, one), one.media_type)) == kind
        except OciError:
            return False


def promote(targets: Targets, effect: str, action: PromoteArtifact, watcher: Counting) -> ArtifactPromoted:
    """Copy an artifact, and let the destination mean it. Raises OciError."""
    spec = action.spec
    source = targets.read(untagged(spec.source), spec.access)
    destination = targets.write(untagged(spec.destination), spec.access)
    root = source.resolve(action.digest)
    referrers: list[Descriptor] = []
    if spec.referrers:
        referrers = copy_with_referrers(source, destination, root, watcher=watcher)
    else:
        copy(source, destination, root, watcher=watcher)
    destination.tag(root, _tag(spec))
    return ArtifactPromoted(
        effect=effect,
        digest=root.digest,
        referrers=tuple(one.digest for one in referrers),
        blobs=watcher.moved_count,
        bytes=watcher.bytes,
    )


def _tag(spec: PromotionSpec) -> str:
    marks = [mark_of(spec.destination), mark_of(spec.source)]
    tag = next((mark for mark in marks if mark and not is_digest(mark)), "")
    if not tag:
        raise InvalidReferenceError(f"{spec.destination} has no tag", "spec.destination: registry/repository:tag")
    return check_tag(tag)
