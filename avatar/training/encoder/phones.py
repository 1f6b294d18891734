"""The phone and viseme classes that the encoder is trained for."""

from dataclasses import dataclass

_ARPABET = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH "
    "UH UW V W Y Z ZH"
)
PHONES = ("SIL", *_ARPABET.split())
PHONE_INDEX = {phone: index for index, phone in enumerate(PHONES)}
SILENCE = 0
UNKNOWN = 255  # where nobody knows what is said

_MEMBERS = (  # the phones of each of VISEMES
    "SIL",
    "P B M",
    "F V",
    "TH DH",
    "T D N L",
    "K G NG HH",
    "CH JH SH ZH",
    "S Z",
    "R ER",
    "AA AE AH AY AW",
    "EH EY",
    "IH IY Y",
    "AO OW OY",
    "UW UH W",
)
VISEME_OF_PHONE = tuple(
    next(index for index, members in enumerate(_MEMBERS) if phone in members.split())
    for phone in PHONES
)
LIP_CLOSING = frozenset({"P", "B", "M"})
OPEN_VOWELS = frozenset({"AA", "AE", "AY", "AW", "AO"})


@dataclass(frozen=True)
class Phone:
    """One phone of an utterance and when it is heard, in seconds."""

    name: str
    start: float
    end: float
