"""What a customer announces is found again when the money comes."""

from io import BytesIO

import pytest

from tenants.adapters.documents import MemoryStore
from tenants.cash import deciding
from tenants.intake import imports
from tenants.ledger import selfcheck
from tests.unit.intake import papers_made_up as made


def line(number, amount):
    return f"""<cac:RemittanceAdviceLine><cbc:ID>1</cbc:ID><cbc:DebitLineAmount currencyID="EUR">{amount}
</cbc:DebitLineAmount><cbc:CreditLineAmount currencyID="EUR">0</cbc:CreditLineAmount><cac:BillingReference>
<cac:InvoiceDocumentReference><cbc:ID>{number}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>
</cac:RemittanceAdviceLine>"""


def advice(*lines, total="60.00", day="2026-11-17", number="AV-7781", head=""):
    space = "urn:oasis:names:specification:ubl:schema:xsd"
    paid = f'<cbc:TotalPaymentAmount currencyID="EUR">{total}</cbc:TotalPaymentAmount>' if total else ""
    return f"""<RemittanceAdvice xmlns="{space}:RemittanceAdvice-2" xmlns:cac="{space}:CommonAggregateComponents-2"
 xmlns:cbc="{space}:CommonBasicComponents-2"><cbc:ID>{number}</cbc:ID><cbc:IssueDate>{day}</cbc:IssueDate>{head}{paid}
<cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Dune Garden</cbc:Name></cac:PartyName></cac:Party>
</cac:AccountingCustomerParty>{"".join(lines)}</RemittanceAdvice>""".encode()


def send(till, data):
    files = MemoryStore()
    with till.door():
        run = imports.receive(BytesIO(data), name="a.xml", source="mail", actor="Vera", now=till.now, files=files)
    with till.door():
        report = imports.check(run.id, files=files)
        outcome = None if report.refusal else imports.load(run.id, now=till.now, today=till.today)
    return report, outcome


def test_a_payment_is_taken_apart_as_its_advice_says(till):
    dune = till.debtor()
    wanted = [till.owes(f"A-20{n}", n * 1_000, by=dune) for n in range(1, 6)]
    report, outcome = send(till, advice(line("A-201", "10.00"), line("A-202", "20.00"), line("A-203", "30.00")))
    assert (report.detection["kind"], report.totals[0].amount_minor, outcome.added) == ("remittance", 6_000, 1)
    assert send(till, advice(line("A-201", "10.00")))[1].added == 0
    till.takes(made.entry("60.00", "siehe Avis AV-7781"))
    assert [till.open(each) for each in wanted] == [0, 0, 0, 4_000, 5_000]
    ((match, used),) = till.asked(
        "SELECT m.id, r.used_at FROM cash_match m JOIN remittance r ON r.tenant_id = :tenant "
        "AND r.id = m.remittance_id WHERE m.tenant_id = :tenant"
    )
    assert used == till.now
    with till.door():
        deciding.undo(match, now=till.now, today=till.today)
        assert selfcheck.run(till.today) == []
    assert till.asked("SELECT used_at FROM remittance WHERE tenant_id = :tenant") == [(None,)]


def test_an_advice_of_another_time_or_of_two_customers_says_nothing(till):
    for number, name in (("A-201", "Dune Garden"), ("A-202", "Elm Street Books")):
        till.owes(number, 3_000, by=till.debtor(name))
    send(till, advice(line("A-201", "30.00"), line("A-202", "30.00")))
    send(till, advice(line("A-201", "60.00"), day="2026-01-02", number="AV-1"))
    assert till.takes(made.entry("60.00", "AV-1 AV-7781", party="Somebody Else")).applied == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (advice(total="0.00"), "TotalPaymentAmount: rule UBL: the payment is not more than nothing"),
        (advice(total="x"), "“x” is not an amount"),
        (advice(total=""), "the currency of the payment is missing"),
        (advice(number=""), "the number of the advice (ID) is missing"),
        (advice(day="2026-02-30"), "“2026-02-30” is not a day in the calendar"),
        (advice(total="1.001"), "EUR"),
    ],
)
def test_an_advice_that_does_not_hold_is_refused_with_its_place(till, data, said):
    assert said in send(till, data)[0].refusal


def test_an_advice_without_total_is_worth_its_lines_and_tells_what_does_not_add_up(till):
    head = "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    report, _ = send(till, advice(line("A-1", "10.00"), total="", head=head))
    assert report.totals[0].amount_minor == 1_000
    report, _ = send(till, advice(line("", "10.00"), number="AV-2"))
    assert report.notes == (
        "The lines make 10.00, the payment is 60.00.",
        "No line names an invoice; only the amount can be matched.",
    )
