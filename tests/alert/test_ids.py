"""Parts of ids are percent-encoded as RFC 3986 says, whichever way is taken."""

from urllib.parse import quote, unquote

from sla_engine.alert.ids import encoded


def test_every_character_is_encoded_as_the_standard_library_does() -> None:
    for character in map(chr, [*range(0x300), 0x4E2D, 0x1F4E6]):
        for part in (character, f"INC{character}7", f"x{character}"):
            assert encoded(part) == quote(part, safe="")
            assert unquote(encoded(part)) == part
