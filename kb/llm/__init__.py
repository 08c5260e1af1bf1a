"""Language models: the client for any OpenAI-compatible server, the prompts, a scripted server for tests."""
