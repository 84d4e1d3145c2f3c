"""The one evaluator: from what stands and a catalogue to results. Pure, exact, no clock."""
