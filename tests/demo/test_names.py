"""What a running machine is called and what the plant calls it is the same."""

from accessportal.demo.plant import MACHINES
from accessportal.demo.targets.supervisor import KINDS


def test_every_running_machine_is_an_asset_of_the_same_name_and_protocol() -> None:
    plant = {
        machine.target: (machine.name, machine.protocol)
        for machine in MACHINES
        if machine.target
    }

    assert plant == {key: (kind.asset, kind.protocol) for key, kind in KINDS.items()}
