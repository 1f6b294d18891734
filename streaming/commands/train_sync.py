"""`avatar train-sync`: the judge of lips and sound, from people who talk on film."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar.errors import AvatarError

if TYPE_CHECKING:
    from avatar.training.lip_reading.talking_people import TalkingPerson


def train_sync(
    people: Annotated[
        Path,
        typer.Argument(
            help="Videos of people who talk, a folder for each.", exists=True, file_okay=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file that the expert is written to.")],
    hold: Annotated[
        list[str] | None, typer.Option(help="A person to learn nothing from, but to be judged on.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Training steps.")] = 3000,
    work: Annotated[
        Path, typer.Option(help="Folder for mouths and checkpoints.", file_okay=False)
    ] = Path("work/sync"),
) -> None:
    """Teach a network which lips go with which sound, whoever speaks, to judge speakers by it.

    The same command goes on where it was stopped.

    **Examples**

    - `avatar train-sync PEOPLE --out sync.safetensors --hold anna`
    - `avatar evaluate bob test/*.mp4 --sync-expert sync.safetensors`
    """
    import torch

    from avatar.training.fit import Budget, fit
    from avatar.training.lip_reading.network_file import save_network
    from avatar.training.lip_reading.people_sync import PeopleSyncTask, found_again
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    torch.set_num_threads(1)  # at these sizes more threads cost more than they give
    learned, held = _people(people, hold or [], work)
    task = PeopleSyncTask(learned)
    with phase_progress() as progress:
        fit(task, Budget(steps=steps), work / task.key, 0, progress.report)
    save_network(task.expert, task.expert.config, out)
    console = text_console()
    for person in held:
        own, other = found_again(task.expert, person)
        console.print(
            f"{person.name}, never learned from: {own:.0%} of the mouth windows find their speech "
            f"among all of the clip; with another clip's sound {other:.0%}"
        )


def _people(
    folder: Path, hold: list[str], work: Path
) -> "tuple[list[TalkingPerson], list[TalkingPerson]]":
    """Those to learn from, and those to be judged on."""
    from avatar.rendering.speech_features import load_encoder
    from avatar.training.lip_reading.talking_people import talking_people
    from avatar.training.preprocess.landmark_tracker import need_face_tracker
    from streaming.commands.progress import phase_progress
    from streaming.core.console import text_console

    need_face_tracker()
    with phase_progress() as progress:
        people, left_out = talking_people(folder, work / "mouths", load_encoder(), progress.phase)
    for what in left_out:
        text_console(stderr=True).print(f"left out: {what}")
    unknown = set(hold) - {person.name for person in people}
    if unknown:
        raise AvatarError(f"--hold {', '.join(sorted(unknown))}: nobody of that name is left")
    learned = [person for person in people if person.name not in hold]
    if not learned:
        raise AvatarError(f"{folder}: there is nobody in it to learn from")
    return learned, [person for person in people if person.name in hold]
