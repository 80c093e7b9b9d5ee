"""Audit page: one HTML file that needs no network and runs no script."""

from html import escape

from lawrec.corpus.audit import AuditReport, Finding


def audit_html(report: AuditReport) -> str:
    return ""
