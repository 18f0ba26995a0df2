"""Benefits: what insurance pays for a visit, by dated rules of the pooling area, and every step of how it came about.

Pure: a case and a book go in, a settlement comes out (`engine.settle`). The rules are data (docs/benefits.md).
"""

from rules.benefits.book import Book, Books, InForce, load_book, load_books
from rules.benefits.case import Line, Person, Referral, Visit, YearTotals
from rules.benefits.engine import settle
from rules.benefits.errors import BenefitError, BookError, BookFault, CaseError, NoRulesError, UnknownAreaError
from rules.benefits.identities import area_reading, check_amounts, check_identities
from rules.benefits.outcome import Fund, Payment, RuleUse, Settlement, SplitLine, Step
from rules.benefits.sentences import StepKind
from rules.benefits.shipped import shipped_books
from rules.benefits.telling import process_info

__all__ = [
    "BenefitError",
    "Book",
    "BookError",
    "BookFault",
    "Books",
    "CaseError",
    "Fund",
    "InForce",
    "Line",
    "NoRulesError",
    "Payment",
    "Person",
    "Referral",
    "RuleUse",
    "Settlement",
    "SplitLine",
    "Step",
    "StepKind",
    "UnknownAreaError",
    "Visit",
    "YearTotals",
    "area_reading",
    "check_amounts",
    "check_identities",
    "load_book",
    "load_books",
    "process_info",
    "settle",
    "shipped_books",
]
