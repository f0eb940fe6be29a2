"""`make bench`: what this program does in a second, beside what it is measured against."""
