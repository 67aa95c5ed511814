"""Commands about networks to take away: list the published ones, put a run's back in place of its training."""

from argparse import Namespace

from sglr.files.published import published
from sglr.plan.plan import Plan, find_run


def models(arguments: Namespace, plan: Plan) -> None:
    """List the networks that come with the repository; load_model takes their names."""
    for name, info in published().items():
        ours = info["sglr"]
        print(
            f"{name:40} natural {info['clean_acc']}, AutoAttack {info['autoattack_acc']} "
            f"(of {ours['autoattack_images']} images), {info['architecture']}, epsilon {info['eps']}"
        )


def restore(arguments: Namespace, plan: Plan) -> None:
    """Put a run's published networks where its training would have left them."""
    from sglr.export.restore import restore
    from sglr.files.lock import only_writer

    run = find_run(arguments.run, plan.scale)
    folder = arguments.results / plan.scale.name / "runs" / run.id
    with only_writer(folder):
        print(restore(run, plan.scale, folder))
