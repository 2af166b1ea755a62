"""Numbers with check digits are found where these are right, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthkit.seeds.identifiers import find_identifiers
from synthkit.seeds.national_ids import iban_end

RIGHT = {
    "UK_NHS": ("my nhs number, {}, was mistyped", "612 408 7901"),
    "ES_NIE": ("mi tarjeta {} caduca", "X4402719J"),
    "IT_FISCAL_CODE": ("ecco il mio {} di nuovo", "LMBGNN79D52F839Q"),
    "PL_PESEL": ("{} (pesel) sent twice", "81031512742"),
    "FI_PERSONAL_IDENTITY_CODE": ("it printed {} on the label", "230679-318A"),
    "SE_PERSONNUMMER": ("ringde om {} i fredags", "740312-3164"),
    "FR_NIR": ("sur la carte {} on lit mon nom", "2 88 04 75 103 052 88"),
    "DE_TAX_ID": ("Steuernummer {} steht falsch im Brief", "47 281 930 503"),
    "CH_AHV": ("auf dem Brief steht {} und mein Name", "756.3047.5500.11"),
    "BE_NN": ("mijn kaart {} werkt niet", "81.06.23-417.54"),
    "BR_CPF": ("a loja pediu {} duas vezes", "274.618.905-49"),
    "CZ_RC": ("chybně napsali {} na obálku", "835417/2607"),
    "CN_RIC": ("卡上写着{}，名字也错了", "310105197904232173"),
}


def found(text: str, kind: str) -> list[str]:
    return [text[s.start : s.end] for s in find_identifiers(text) if s.type == kind and s.score == 1]


@pytest.mark.parametrize("kind", RIGHT)
def test_a_number_is_found_by_its_check_digit_and_not_with_another(kind):
    text, number = RIGHT[kind]
    assert found(text.format(number), kind) == [number]
    last = "AB"[number[-1] == "A"] if number[-1].isalpha() else str((int(number[-1]) + 1) % 10)
    assert found(text.format(number[:-1] + last), kind) == []


def test_a_tax_number_without_check_digits_needs_its_word():
    assert [s.type for s in find_identifiers("the PAN is ABCPD1234F") if s.type == "IN_PAN"] == ["IN_PAN"]
    assert not [s for s in find_identifiers("the part is ABCPD1234F") if s.type == "IN_PAN"]


@given(st.text("0123456789", min_size=18, max_size=18))
def test_of_all_check_digits_of_an_account_one_pair_is_right_and_a_longer_number_is_none(account):
    right = [f"DE{pair:02d}{account}" for pair in range(2, 99) if iban_end(f"DE{pair:02d}{account}")]
    assert len(right) == 1
    assert iban_end(" ".join(right[0][i : i + 4] for i in range(0, 22, 4)) + " please") == 27
    assert iban_end(right[0] + "0") == iban_end(right[0][:-1] + "x") == 0
