"""What changed between two images."""

from wharfinger.rules import comparison
from wharfinger.rules.comparison import Change
from wharfinger.spec.image_config import ImageConfig
from wharfinger.spec.manifest import Descriptor


def layer(number: int) -> Descriptor:
    return Descriptor("application/vnd.oci.image.layer.v1.tar", f"sha256:{number:064x}", number)


def test_layers_that_stayed_went_and_came() -> None:
    found = comparison.layers([layer(1), layer(20), layer(1)], [layer(1), layer(300)])
    assert (found.shared, found.removed, found.added) == ((layer(1),), (layer(20),), (layer(300),))
    assert found.difference_bytes == 280
    assert comparison.layers([layer(300)], [layer(1)]).difference_bytes == -299


def test_configs_that_say_the_same() -> None:
    config = ImageConfig(platform="linux/amd64", env=(("A", "1"),), labels=(("b", "2"),), command=("sh",))
    assert comparison.configs(config, config) == []


def test_what_configs_say_differently() -> None:
    before = ImageConfig(user="root", command=("sh",), env=(("A", "1"), ("B", "2")), labels=(("l", "old"),))
    after = ImageConfig(command=("sh", "-c"), env=(("B", "3"), ("C", "4")), labels=(("l", "old"), ("m", "")))
    found = comparison.configs(before, after)
    assert found == [
        Change("user", "", "root", None),
        Change("command", "", "sh", "sh -c"),
        Change("env", "A", "1", None),
        Change("env", "B", "2", "3"),
        Change("env", "C", None, "4"),
        Change("labels", "m", None, ""),
    ]
    assert [change.kind for change in found] == ["removed", "changed", "removed", "changed", "added", "added"]
