from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from streams.detection.remembering import Remembered
from tests.synthetic import Call, Proc, batch_of


def test_what_is_asked_for_stays_and_the_rest_goes() -> None:
    remembered = Remembered(10)
    remembered.put("asked", True)
    for number in range(100):
        remembered.put(number, False)
        assert remembered.get("asked") is True
    assert len(remembered) <= 20
    assert remembered.get(0) is None
    assert remembered.get(99) is False


def test_verdicts_are_by_what_a_value_is_and_not_by_its_code_or_row() -> None:
    text = b"- rule: R\n  desc: d\n  condition: fd.name = /a and proc.name = x\n  output: o\n  priority: info\n"
    judge = Judge(load_texts([("r", text)]))
    x, y = Proc(pid=1, name=b"x"), Proc(pid=1, name=b"y")
    for path, process, alerts in [(b"/a", x, 1), (b"/b", x, 0), (b"/a", y, 0), (b"/a", x, 1), (b"/b", y, 0)]:
        assert len(judge.judge(batch_of(Call(process=process, path=path)))) == alerts


def test_types_of_a_hostile_node_do_not_fill_memory() -> None:
    text = b"- rule: R\n  desc: d\n  condition: evt.failed = true\n  output: o\n  priority: info\n"
    judge = Judge(load_texts([("r", text)]))
    for number in range(3000):
        assert len(judge.judge(batch_of(Call(type=f"t{number}", result=-1)))) == 1
    assert judge._of_type.cache_info().currsize <= 2048
