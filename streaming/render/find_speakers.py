"""Which speakers there are on this machine, and how the rendering process gets them ready."""

from avatar.rendering.backends.registry import AUTO
from streaming.render.renderer import Speakers


def find_speakers(wanted: str, device: str, backend: str = AUTO, lively: bool = True) -> Speakers:
    """Every speaker found, `wanted` (a name or a path) first. Runs in the rendering process.

    The first is there even if it may not be shown now: loading it then raises AvatarError.
    `lively`: heads move by themselves instead of as they were filmed.
    """
    from avatar.rendering.pipeline import Pipeline, hear_together, step_together
    from avatar.speakers.card import read_card
    from avatar.speakers.consent import ConsentWatch
    from avatar.speakers.folders import speaker_folder
    from avatar.speakers.speaker import SpeakerEntry, list_speakers, load_speaker

    folder = speaker_folder(wanted)
    card = read_card(folder)
    first = SpeakerEntry(card.name, folder, card)
    found = {entry.name: entry for entry in list_speakers()} | {first.name: first}

    def load(name: str) -> Pipeline:
        return Pipeline(load_speaker(found[name].folder), device, backend=backend, lively=lively)

    watches = {name: ConsentWatch(entry.folder, entry.card) for name, entry in found.items()}

    def refused(name: str) -> str:
        return watches[name].refusal()

    previews = {name: entry.preview for name, entry in found.items()}
    consents = {name: entry.card.consent for name, entry in found.items()}
    ahead = max(entry.card.encoder.lookahead for entry in found.values())
    expressions = {name: entry.card.expressions for name, entry in found.items()}
    return Speakers(
        first.name, previews, load, step_together, hear_together, consents, refused, ahead,
        expressions,
    )  # fmt: skip
