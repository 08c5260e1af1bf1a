"""From feeds to the daily digest: fetched, grouped, ranked, told apart from what is known, rendered."""
