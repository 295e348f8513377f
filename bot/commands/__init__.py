"""What people ask: grammar (text -> Command, pure) and handlers (Asked + Command -> Reply)."""
