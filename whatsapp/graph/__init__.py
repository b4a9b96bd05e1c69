"""Everything that speaks to Meta's Graph API: requests, answers, errors, paging, media. Imports no models."""
