"""The fold of `_schemas`, and what holds of it whoever wrote the topic and whatever compaction took."""

from collections.abc import Iterable
from functools import reduce

from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.api.registry.decisions import Answer, Append, Decision, register
from infra.api.registry.records import Record, SchemaErased, SchemaWritten, SubjectDeleted, write_record
from infra.api.registry.state import State, evolve, repairs
from infra.api.registry.texts import Text
from tests.unit.infra.api.records import ANY, FEW

LOGS = st.lists(FEW, max_size=14)
SHRINKING: list[Record] = [
    *(SchemaWritten(subject="s", version=number, id=1, schema='"int"') for number in (1, 2)),
    *(SubjectDeleted(subject="s", version=number) for number in (2, 1)),
]
"""A deletion of a subject that reaches less far than the one before it."""


def fold(log: list[Record], state: State | None = None) -> State:
    return reduce(evolve, log, state or State())


def compacted(log: list[Record]) -> list[Record]:
    """Return what Kafka leaves of the log: the last record of each key, and no tombstones."""
    last = {write_record(record)[0]: number for number, record in enumerate(log)}
    kept = [log[number] for number in sorted(last.values())]
    return [record for record in kept if write_record(record)[1] is not None]


@given(st.lists(ANY, max_size=8))
def test_any_log_has_a_state(log: list[Record]) -> None:
    state = fold(log)
    assert all(state.by_id(version.id) for versions in state.subjects.values() for version in versions.values())


@given(LOGS, FEW)
def test_a_state_is_never_changed(log: list[Record], record: Record) -> None:
    state, same = fold(log), fold(log)
    evolve(state, record)
    assert state == same


@given(LOGS)
def test_an_id_has_one_schema_and_a_version_one_id(log: list[Record]) -> None:
    state = fold(log)
    versions = [version for found in state.subjects.values() for version in found.values()]
    assert len({v.id for v in versions}) == len({(v.id, v.schema) for v in versions})
    assert {id: set(users) for id, users in state.users.items()} == {
        id: {(v.subject, v.version) for v in versions if v.id == id} for id in {v.id for v in versions}
    }
    assert all(list(found) == sorted(found) for found in state.subjects.values())
    assert state.highest_id >= max((v.id for v in versions), default=0)


@given(LOGS, FEW)
def test_an_id_keeps_its_schema_while_a_version_has_it(log: list[Record], record: Record) -> None:
    before = fold(log)
    after = evolve(before, record)
    for id in before.users.keys() & after.users.keys():
        assert before.by_id(id).schema == after.by_id(id).schema  # type: ignore[union-attr]


@settings(max_examples=500)
@given(LOGS)
@example(SHRINKING)
def test_after_repairs_compaction_changes_nothing(log: list[Record]) -> None:
    repaired = [*log, *repairs(fold(log))]
    state = fold(repaired)
    assert repairs(state) == []
    assert state.subjects == fold(log).subjects
    for cut in (len(repaired), *range(len(log))):
        if not fold(repaired[:cut]).disputed:
            again = fold([*compacted(repaired[:cut]), *repaired[cut:]])
            assert (again.subjects, again.levels, again.modes) == (state.subjects, state.levels, state.modes)


class Racer:
    """A registry that sees what others append, and appends what it has to, as late as chance wants."""

    def __init__(self, log: list[Record]) -> None:
        self.log = log
        self.seen = 0
        self.state = State()
        self.owed: list[Record] = []

    def read(self, up_to: int) -> None:
        self.state = fold(self.log[self.seen : up_to], self.state)
        self.seen = max(up_to, self.seen)

    def append(self, records: Iterable[Record]) -> None:
        self.log.extend(records)
        self.read(len(self.log))
        self.owed = repairs(self.state)

    def settle(self) -> None:
        owed, self.owed = self.owed, []
        if owed:
            self.append(owed)


WISHES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from("st"), st.integers(0, 3)), max_size=8)


@settings(max_examples=400)
@given(WISHES, st.data())
def test_registries_that_race_keep_all_that_they_answered(
    wishes: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    """Each wish is a registry, a subject and a schema."""
    log: list[Record] = []
    racers = Racer(log), Racer(log)
    answers: list[tuple[str, int, int, str]] = []
    while wishes:
        number, subject, text = wishes.pop(data.draw(st.integers(0, len(wishes) - 1)))
        racer = racers[number]
        racer.read(data.draw(st.integers(racer.seen, len(log))))
        match decide(racer.state, subject, TEXTS[text]):
            case Answer(value):
                answers.append((subject, value.version, value.id, TEXTS[text].schema))
            case Append(records):
                racer.append(records)
                wishes.append((number, subject, text))
        if data.draw(st.booleans()):
            racers[data.draw(st.integers(0, 1))].settle()
    while any(racer.owed or racer.state.disputed or racer.seen < len(log) for racer in racers):
        for racer in racers:
            racer.settle()
            racer.append([])
    final = fold(compacted(log))
    assert final.subjects == racers[0].state.subjects == racers[1].state.subjects
    for subject, version, id, schema in answers:
        kept = final.subjects[subject][version]
        assert (kept.id, kept.schema, kept.deleted) == (id, schema, False)
        assert final.by_id(id).schema == schema  # type: ignore[union-attr]


TEXTS = [
    Text(f'{{"type":"record","name":"R","fields":[{{"name":"f{n}","type":"int","default":0}}]}}') for n in range(4)
]


def decide(state: State, subject: str, text: Text) -> Decision:
    return register(state, subject, text, False)


def version(subject: str, number: int, id: int, schema: str = '"int"') -> SchemaWritten:
    return SchemaWritten(subject=subject, version=number, id=id, schema=schema)


def test_the_first_to_use_an_id_keeps_it() -> None:
    winner, loser = version("s", 1, 1), version("t", 1, 1, '"string"')
    state = fold([winner, loser])
    assert state.by_id(1) == winner
    assert state.disputed == {("t", 1)}
    assert repairs(state) == [SchemaErased("t", 1)]


def test_the_first_to_write_a_version_keeps_it() -> None:
    winner, loser = version("s", 1, 1), version("s", 1, 2, '"string"')
    state = fold([winner, loser])
    assert state.versions("s") == [winner]
    assert repairs(state) == [winner]
    assert state.highest_id == 2


def test_a_deleted_subject_can_still_be_asked_for() -> None:
    state = fold([version("s", 1, 1), version("s", 2, 2, '"string"'), SubjectDeleted("s", 2), version("s", 3, 1)])
    assert [v.version for v in state.versions("s")] == [3]
    assert [v.version for v in state.versions("s", deleted=True)] == [1, 2, 3]
    assert state.by_id(2) is not None


def test_what_lives_is_not_erased_and_what_is_deleted_does_not_come_back() -> None:
    live, gone = version("s", 1, 1), SchemaErased("s", 1)
    assert fold([live, gone]).versions("s") == [live]
    assert repairs(fold([live, gone])) == [live]
    deleted = fold([live, SubjectDeleted("s", 1), live])
    assert deleted.versions("s") == []
    assert repairs(deleted) == deleted.versions("s", deleted=True)
    assert fold([live, SubjectDeleted("s", 1), gone]).subjects == {}
