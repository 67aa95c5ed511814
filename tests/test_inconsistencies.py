"""What the paper's own numbers and words say against each other."""

from sglr.claims.paper import inconsistencies


def test_the_papers_inconsistencies_are_those_known():
    """Facts read off the paper by hand: what must be found, and how many of each kind."""
    found = inconsistencies()
    kinds = {
        kind: [item for item in found if item.kind == kind]
        for kind in {item.kind for item in found}
    }
    beyond = [item for item in kinds["difference"] if "more than rounding" in item.what]
    assert [item.where for item in beyond] == ["table3 cifar10 trades_sglr natural"]
    assert {item.where for item in kinds["difference"]} - {beyond[0].where} == {
        "table2 cifar10 at natural",
        "table3 cifar10 at natural",
        "table2 cifar10 ls autoattack",
        "table2 cifar10 kd_swa natural",
        "table3 cifar100 trades natural",
    }
    assert any(
        "43.7 / 45.7 / 45.8" in item.what and "2.1 apart" in item.what
        for item in kinds["r = 0"]
    )
    assert [item.what.split(": ", 1)[1] for item in kinds["headline"]] == [
        "best 56.4: sglr, diff 0.4: trades_sglr"
    ]
    mixed = [
        item.where
        for item in kinds["quoted"]
        if "which is pgd10, not pgd20" in item.what
    ]
    assert mixed == ["table2 cifar10 te pgd20", "table3 cifar10 trades pgd20"]
    assert any(
        "54.9 at T = 1, 55.9 at T = 1.5" in item.what for item in kinds["temperature"]
    )
    assert any("T = 1.5 with 82.9 / 55.9" in item.what for item in kinds["main result"])
    text = " ".join(item.what for item in kinds["text"])
    assert (
        "kd_swa autoattack: -1.1" in text
        and "natural best: -0.8" in text
        and "(T = 1.5)" in text
    )
    especially = [item for item in kinds["text"] if "especially" in item.what]
    assert len(especially) == 4 and len(kinds["text"]) == 8
