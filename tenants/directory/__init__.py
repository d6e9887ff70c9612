"""Who there is: clients, the people of both sides, who may act where, and who is signed in."""
