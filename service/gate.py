"""The one conduct gate, as people ask it who print or send by hand."""

from tenants.collections.conduct import Gate
from tenants.rules.rechecking import recheck

GATE = Gate(recheck=recheck)
