"""What is text, in which encoding, and what is refused in a sentence."""

import io

import pytest

from tenants.intake.formats import text
from tenants.intake.formats.text import FileRefused

SHEET = "Name;Betrag\nMüller & Söhne;12,50\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found_and_the_words_survive(encoding, found):
    file = io.BytesIO(SHEET.encode(encoding))
    assert text.encoding_of(file) == found
    assert "".join(text.lines(file, encoding=found)) == SHEET
    assert not file.closed


def test_one_umlaut_far_down_decides():
    file = io.BytesIO(b"a,b\n" * 700_000 + "Käse,1\n".encode("cp1252"))
    assert text.encoding_of(file) == "cp1252"


def test_plain_letters_are_utf_8():
    assert text.encoding_of(io.BytesIO(b"a,b\n1,2\n")) == "utf-8"


def test_a_character_cut_off_at_the_end_is_not_utf_8():
    assert text.encoding_of(io.BytesIO("a,b\n1,é".encode()[:-1])) != "utf-8"


@pytest.mark.parametrize(
    ("words", "encodings"),
    [
        ("Żółć;Łódź;Gdańsk;Wrocław;Kraków;Źrebię;Ćma;Święto;Państwo;Książka", ("cp1250",)),
        ("Nº factura;Construcciones Peña S.L.;Muñoz e Hijos", ("cp1252", "cp850", "mac_roman")),
        ("Société Générale d'Équipement;L’Œuf d'Or;Ça à côté", ("cp1252", "mac_roman")),
        ("Bäckerei Groß;Öhler KG;Ätna Müller & Söhne", ("cp1252", "cp850", "mac_roman")),
        ("Åkesson AB;Sørensen ApS;Færøernes;Município de São João", ("cp1252", "mac_roman")),
        ("Plzeňský Prazdroj;Škoda;Třinecké železárny;Dvořák", ("cp1250",)),
        ("Győri Fű Kft;Kovács Ödön és Társa", ("cp1250",)),
        ("Общество;Ромашка;Сбыт", ("cp1251",)),
        ("Αθήνα;Ελληνικά;Πληρωμή", ("cp1253",)),
        ("Yıldız İnşaat;Doğuş;Şişli;Güneş", ("cp1254",)),
    ],
)
def test_old_encodings_are_known_by_the_letters_of_their_languages(words, encodings):
    for encoding in encodings:
        file = io.BytesIO(f"{words}\n".encode(encoding))
        assert "".join(text.lines(file, encoding=text.encoding_of(file))) == f"{words}\n"


def test_bytes_that_windows_does_not_know_are_read_as_latin():
    file = io.BytesIO(b"a,b\n\x81,\xe9\n")
    assert text.encoding_of(file) == "iso8859_15"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b" \n\n;;;\n", "empty"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0....", "old Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x1f\x8b\x08...", "compressed"),
        (b"\x89PNG\r\n", "picture"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"\n <HTML><body>", "web page"),
        (bytes(range(256)) * 4, "binary"),
    ],
)
def test_what_is_no_csv_is_refused_in_a_sentence(head, words):
    with pytest.raises(FileRefused, match=words) as refused:
        text.encoding_of(io.BytesIO(head))
    assert refused.value.remedy


def test_a_file_that_lies_about_its_mark_is_refused():
    with pytest.raises(FileRefused, match="UTF-8"):
        text.encoding_of(io.BytesIO(b"\xef\xbb\xbfname\n\xff\xfe\n"))


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(FileRefused, match="million"):
        text.encoding_of(io.BytesIO(b"a,b\n" + b"x" * (3 << 20)))


def test_a_few_control_characters_are_the_rows_own_fault():
    assert text.encoding_of(io.BytesIO(b"a,b\n1,\x002\n" + b"3,4\n" * 200)) == "utf-8"
