"""Feed every door what nobody should send: no fault of ours, nothing stored, nothing echoed."""
