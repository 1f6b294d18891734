"""Which speakers there are on this machine, and how the rendering process gets them ready."""

from avatar.rendering.backends.registry import AUTO
from streaming.render.renderer import Speakers


def find_speakers(wanted: str, device: str, backend: str = AUTO, lively: bool = True) -> Speakers:
    """Every speaker found, `wanted` (a name or a path) first. Runs in the rendering process.

    `lively`: heads move by themselves instead of as they were filmed.
    """
    from avatar.rendering.pipeline import Pipeline, step_together
    from avatar.speakers.consent import ConsentWatch
    from avatar.speakers.speaker import list_speakers, load_speaker

    first = load_speaker(wanted)
    found = {entry.name: entry for entry in list_speakers()} | {first.name: first}

    def load(name: str) -> Pipeline:
        speaker = first if name == first.name else load_speaker(found[name].folder)
        return Pipeline(speaker, device, backend=backend, lively=lively)

    watches = {name: ConsentWatch(entry.folder, entry.card) for name, entry in found.items()}

    def refused(name: str) -> str:
        return watches[name].refusal()

    previews = {name: entry.preview for name, entry in found.items()}
    consents = {name: entry.card.consent for name, entry in found.items()}
    ahead = max(entry.card.encoder.lookahead for entry in found.values())
    return Speakers(first.name, previews, load, step_together, consents, refused, ahead)
