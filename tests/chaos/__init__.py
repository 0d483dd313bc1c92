"""The program under attack: fault points, scenarios, random kills, and the checker."""
