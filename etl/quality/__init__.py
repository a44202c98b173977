"""Quality: the gate, the tracking plan, what is looked at daily, and the audit of what was loaded."""
