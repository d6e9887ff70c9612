"""What happened, and who must hear of it: event names with their consumers, the durable queue, the inbox, the
history."""
