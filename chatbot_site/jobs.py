"""
All jobs of the installation; how long a worker holds a row of each is the LEASE of its module. What is sent is no job
but the ledger (whatsapp.sending.ledger), with a LEASE of its own.
"""

from accounts.deletion import job as deletion
from bots.runtime import http_calls, timers
from broadcasts import planning
from crm.conversations import export_job, scheduled
from crm.customers.files import uploads
from crm.media import transfers
from whatsapp.message_templates import header_files, sync
from whatsapp.numbers import health
from whatsapp.numbers.quick_setup import setups
from whatsapp.webhooks import process

JOBS = (
    process.JOB,
    timers.JOB,
    http_calls.JOB,
    transfers.JOB,
    header_files.JOB,
    uploads.JOB,
    export_job.JOB,
    scheduled.JOB,
    planning.JOB,
    deletion.JOB,
    health.JOB,
    sync.JOB,
    setups.JOB,
)
