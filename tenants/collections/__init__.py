"""Working the receivables: tasks and alerts for people, holds that steer the automation, the one gate of conduct."""
