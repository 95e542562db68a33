"""What several rings of tests share: clocks, leak guards, ring rules."""
