"""Which passwords somebody else would try first."""

import hashlib

import pytest

from tenants.adapters.stolen_passwords import BadFile, NoList, SortedFile, list_of
from tenants.directory import known_passwords, passwords, people
from tenants.directory.passwords import WeakPassword
from tests.cast import NOW, PASSWORD, engage

SOFIA = ["Sofia Lindqvist", "sofia.l@people.test", "Alder Tools GmbH", "Goodterms"]


@pytest.mark.parametrize(
    "password",
    ["password1234", "Passw0rd2026!", "qwertyuiop123", "1qaz2wsx3edc", "letmeinletmein", "sunshine-monkey-2026"]
    + ["aaaaaaaaaaaa", "abababababab", "123456789012", "abcdefghijkl", "111122223333", "dragon dragon dragon"],
)
def test_what_leaked_often_is_refused_however_it_is_dressed_up(password):
    assert known_passwords.weakness(password) == known_passwords.COMMON


@pytest.mark.parametrize(
    "password", ["alderalder12", "Alder Tools 2026", "sofia.lindqvist", "S0f1aL1ndqv1st!!", "goodterms2026!"]
)
def test_what_everybody_knows_of_sofia_is_refused_to_her_alone(password):
    assert known_passwords.weakness(password, about=SOFIA) == known_passwords.OWN
    assert known_passwords.weakness(password, about=["Marek Nowak"]) != known_passwords.OWN


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "seven swans on a grey lake", "kx9#Tq82mLpz", "fgb2-7dkq-love", PASSWORD]
    + ["sofia has seven swans", "żółta łódź podwodna"],
)
def test_a_sentence_or_chance_passes(password):
    assert known_passwords.weakness(password, about=SOFIA) == ""


@pytest.fixture
def stolen(tmp_path):
    """A list as it is given out, with one hundred passwords and more on it."""
    words = [f"stolen sentence number {number}" for number in range(101)]
    hashes = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words)
    file = tmp_path / "pwned.txt"
    file.write_bytes("".join(f"{each}:{at * 7}\r\n" for at, each in enumerate(hashes)).encode())
    return SortedFile(str(file)), words


def test_each_password_of_a_list_is_found_and_no_other(stolen):
    file, words = stolen
    assert all(file.holds(word) for word in words)
    assert not any(file.holds(f"{word} of mine") for word in words)
    assert not NoList().holds(words[0]) and isinstance(list_of(""), NoList)


@pytest.mark.parametrize("text", ["", "password\n", "x" * 40 + ":1\n"])
def test_a_file_that_is_no_list_is_refused_at_the_start(tmp_path, text):
    file = tmp_path / "list.txt"
    file.write_text(text)
    for path in (str(file), str(tmp_path / "nothing here")):
        with pytest.raises(BadFile):
            list_of(path)


def test_a_weak_word_is_not_kept_and_the_old_one_goes_on_being_good(on_platform, alder, stolen):
    nils = engage("Nils Ahrens", (alder, "client_viewer"))
    file, words = stolen
    said = [("password1234", "tried first"), ("Nils.Ahrens1", "known of you"), ("alder tools", "known of you")]
    for password, reason in [*said, ("Goodterms12!", "known of you"), (words[7], "was stolen")]:
        with on_platform, pytest.raises(WeakPassword, match=reason) as refused:
            people.set_password(nils.id, password=password, now=NOW, about=["Goodterms"], stolen=file)
        assert "sentence" in refused.value.remedy
    with on_platform:
        people.set_password(nils.id, password="nils likes seven swans", now=NOW, stolen=file)
    assert passwords.fits("x", None) is False
