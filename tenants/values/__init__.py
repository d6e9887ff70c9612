"""Values: money, ids, days. Things equal to themselves wherever they are; nothing here touches a disk or a socket."""
