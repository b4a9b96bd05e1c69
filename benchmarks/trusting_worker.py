"""A Celery worker that trusts one authority in the place of those of the world: `trusting_worker.py CA ARGUMENTS`."""

import sys

import certifi

authority = sys.argv.pop(1)
certifi.where = lambda: authority

if __name__ == "__main__":
    from celery.__main__ import main

    sys.path.insert(0, ".")
    main()
