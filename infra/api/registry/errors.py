"""What the registry refuses, with Confluent's error codes.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html#errors
"""

from schemas.compatibility import MODES


class RefusedError(Exception):
    """A request that is not carried out: HTTP status, Confluent's error code, and why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.status = code if code < 1000 else code // 100
        self.code = code
        self.message = message


def no_subject(subject: str) -> RefusedError:
    """Return the refusal for a subject that has no versions."""
    return RefusedError(40401, f"Subject '{subject}' not found.")


def no_version(version: int | str) -> RefusedError:
    """Return the refusal for a version that the subject does not have."""
    return RefusedError(40402, f"Version {version} not found.")


def no_schema(which: object = "") -> RefusedError:
    """Return the refusal for a schema that is not there."""
    return RefusedError(40403, f"Schema {which} not found".replace("  ", " "))


def subject_deleted(subject: str) -> RefusedError:
    """Return the refusal for a subject that is deleted already."""
    return RefusedError(40404, f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently")


def subject_not_deleted(subject: str) -> RefusedError:
    """Return the refusal to erase a subject that is still in use."""
    return RefusedError(40405, f"Subject '{subject}' was not deleted first before being permanently deleted")


def version_deleted(subject: str, version: int) -> RefusedError:
    """Return the refusal for a version that is deleted already."""
    what = f"Subject '{subject}' Version {version} was soft deleted."
    return RefusedError(40406, f"{what} Set permanent=true to delete permanently")


def version_not_deleted(subject: str, version: int) -> RefusedError:
    """Return the refusal to erase a version that is still in use."""
    what = f"Subject '{subject}' Version {version} was not deleted"
    return RefusedError(40407, f"{what} first before being permanently deleted")


def no_level(subject: str) -> RefusedError:
    """Return the refusal for a subject without a compatibility level of its own."""
    return RefusedError(40408, f"Subject '{subject}' does not have subject-level compatibility configured")


def no_mode(subject: str) -> RefusedError:
    """Return the refusal for a subject without a mode of its own."""
    return RefusedError(40409, f"Subject '{subject}' does not have subject-level mode configured")


def incompatible(subject: str, found: list[str]) -> RefusedError:
    """Return the refusal of a schema that breaks earlier ones."""
    what = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
    return RefusedError(409, f"{what}, details: [{'; '.join(found)}]")


def invalid_schema(why: str) -> RefusedError:
    """Return the refusal of what is no schema."""
    return RefusedError(42201, f"Invalid schema: {why}")


def invalid_version(version: str) -> RefusedError:
    """Return the refusal of what is no number of a version."""
    allowed = 'Allowed values are between [1, 2^31-1] and the string "latest"'
    return RefusedError(42202, f"The specified version '{version}' is not a valid version id. {allowed}")


def invalid_level(level: object) -> RefusedError:
    """Return the refusal of what is no compatibility level."""
    return RefusedError(42203, f"Invalid compatibility level {level!r}. Valid values are {', '.join(MODES)}")


def invalid_mode(mode: object) -> RefusedError:
    """Return the refusal of what is no mode."""
    return RefusedError(42204, f"Invalid mode {mode!r}. Valid values are READWRITE and READONLY")


def read_only(subject: str) -> RefusedError:
    """Return the refusal to write to what is read-only."""
    return RefusedError(42205, f"Subject {subject} is in read-only mode")


def referenced(subject: str, version: int, by: list[int]) -> RefusedError:
    """Return the refusal to delete a version that other schemas use."""
    return RefusedError(42206, f"One or more references exist to the schema {subject} {version}: ids {by}")


def store_failed(why: object) -> RefusedError:
    """Return the refusal for when Kafka did not take the change."""
    return RefusedError(50001, f"Error in the backend data store: {why}")


def timed_out(why: str) -> RefusedError:
    """Return the refusal for when Kafka did not answer in time."""
    return RefusedError(50002, f"Operation timed out: {why}")
