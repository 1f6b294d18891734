"""`avatar bench`: how fast pictures are made, and how late, how smooth and in step a call is."""

from pathlib import Path
from typing import Annotated

import typer

from avatar.rendering.backends.registry import AUTO, listed
from streaming.core.thread_rest import let_threads_rest

OFFLINE_SECONDS, MARKS_SECONDS = 2.0, 6.0
LIVE_SECONDS, LOAD_SECONDS, SPEAK_SECONDS, LIFE_SECONDS = 60.0, 20.0, 600.0, 600.0


def bench(
    live: Annotated[
        bool, typer.Option("--live", help="A real server and real Chromium, both on this machine.")
    ] = False,
    load: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="N calls at once without a browser, and whether the server holds them.",
        ),
    ] = 0,
    speak: Annotated[
        bool, typer.Option("--speak", help="An agent speaks by /speak in a call of real Chromium.")
    ] = False,
    talk: Annotated[
        str,
        typer.Option(help="Hold a conversation, as for `avatar serve`: how soon it answers."),
    ] = "",
    turns: Annotated[int, typer.Option(min=1, metavar="N", help="Of --talk.")] = 10,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="N",
            help="Time for each figure. "
            "[default: 2; --marks: 6; --live: 60; --load: 20; --speak, --life: 600]",
        ),
    ] = None,
    marks: Annotated[
        bool, typer.Option("--marks", help="What watermark and label cost, and what they survive.")
    ] = False,
    life: Annotated[
        bool,
        typer.Option(
            "--life", help="Whether head and blinks repeat themselves, and what they cost."
        ),
    ] = False,
    film: Annotated[
        Path | None,
        typer.Option(help="With --marks: an unmarked video, instead of the speaker."),
    ] = None,
    unmarked: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="With --marks: videos without a mark, and how often one is found in them.",
        ),
    ] = None,
    keys: Annotated[
        int, typer.Option(min=1, metavar="N", help="Of --unmarked: the mark's, and others.")
    ] = 1,
    calls: Annotated[int, typer.Option(min=1, metavar="N", help="Calls of --live at once.")] = 1,
    workers: Annotated[
        str, typer.Option(help="Media workers of the server that --load starts: auto or N.")
    ] = "auto",
    url: Annotated[
        str, typer.Option(help="Of a server that runs already, for --load. [default: start one]")
    ] = "",
    token: Annotated[str, typer.Option(help="For that server, if it needs one.")] = "",
    speaker: Annotated[str, typer.Option(help="Speaker: a name or a bundle's path.")] = "demo",
    compare: Annotated[
        bool, typer.Option("--compare", help="Measure the `paper` preset in the same run.")
    ] = False,
    sweep: Annotated[
        bool,
        typer.Option(
            "--sweep", help="Also other lip and frame sizes, more speakers, more sessions."
        ),
    ] = False,
    device: Annotated[str, typer.Option(help="Where pictures are made: cpu or cuda.")] = "cpu",
    backend: Annotated[
        str,
        typer.Option(
            help=f"{listed()}; auto measures the quickest that is installed, and torch beside it."
        ),
    ] = AUTO,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the figures of the rendering into this PNG.")
    ] = None,
) -> None:
    """Measure how fast pictures are made here, or with `--live` calls as a viewer gets them.

    Each figure of the rendering is from new sound to the finished frame, in fresh processes pinned
    to their cores, one thread each: one core, all cores, batches of callers, stage by stage. Other
    programs slow it down; `cpu ms`, the processor time, they change far less. It takes about a
    minute with `--compare`, and two more with `--sweep`.

    `--live` starts the server, opens its page in headless Chromium, feeds clicks of known time as
    the microphone and reads from the pictures that are presented which samples they show: mouth
    delay, voice delay and skew on one clock, the page's own.

    `--load` has callers in processes of their own that talk, count pictures and do not decode
    them. It says for each call how many new pictures came and how long it stood still, what the
    parts of the server used, and whether it holds them all: 25 pictures a second (one in a hundred
    may be late), none missing for 200 ms. Exit code 1: it does not.

    `--marks` has the speaker say something, or takes a film, and treats it as videos are treated on
    their way: coded, scaled, cropped, framed, mirrored. The table says in how many stretches of two
    seconds `avatar verify` still reads the watermark. With `--unmarked` it counts false alarms.

    `--life` says how much of the head's movement and of the moments of blinks comes again within a
    minute (1: all of it, as of a loop), and what gestures and blinks cost.

    `--speak` has an agent speak in such a call: segments of 2 s, pushed at once, every second one
    interrupted. It says how soon they are seen and heard, how soon silence comes, and whether
    anything is lost, drifts or grows.

    `--talk` holds a conversation: how long each stage of an answer takes, and how soon an
    interruption silences it; with `--live` as Chromium shows and plays it.

    **Examples**

    - `avatar bench --compare --json bench.json`
    - `avatar bench --sweep --plot bench.png`
    - `avatar bench --live --calls 2`
    - `avatar bench --load 6`
    - `avatar bench --marks --film clip.mp4`
    - `avatar bench --marks --unmarked films`
    - `avatar bench --speak --seconds 600`
    - `avatar bench --talk talk.yaml --live`
    """
    let_threads_rest()
    from avatar.benchmark.bench import Plan
    from avatar.errors import AvatarError
    from avatar.speakers.folders import speaker_folder
    from streaming.commands.false_alarms_bench import bench_false_alarms
    from streaming.commands.life_bench import bench_life
    from streaming.commands.live_bench import bench_calls
    from streaming.commands.marks_bench import bench_marks
    from streaming.commands.render_bench import bench_rendering
    from streaming.commands.speak_bench import bench_speech
    from streaming.commands.talk_bench import bench_talk

    if marks and unmarked:
        bench_false_alarms(unmarked, keys, json)
        return
    if marks:
        bench_marks(seconds or MARKS_SECONDS, film, speaker, device, backend, json)
        return
    if film or unmarked:
        raise AvatarError("--film and --unmarked go with --marks")
    if life:
        bench_life(seconds or LIFE_SECONDS, speaker, json)
        return
    flags = ("--speaker", speaker, "--device", device, "--backend", backend)
    if load:
        from streaming.commands.load_bench import bench_load

        served = (*flags, "--workers", workers)
        bench_load(load, seconds or LOAD_SECONDS, served, url, token, json)
        return
    if speak:
        bench_speech(seconds or SPEAK_SECONDS, flags, json)
        return
    if talk:
        bench_talk(talk, turns, live, flags, json)
        return
    if live:
        bench_calls(seconds or LIVE_SECONDS, calls, flags, json)
        return
    plan = Plan(
        speaker_folder(speaker), device, backend, seconds or OFFLINE_SECONDS, compare, sweep
    )
    bench_rendering(plan, json, plot)
