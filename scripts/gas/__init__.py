"""What the escrow costs in gas, step by step, on real USDC."""
