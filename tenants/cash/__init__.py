"""Cash application: which customer money came from, which invoices it pays, and how sure that is."""
