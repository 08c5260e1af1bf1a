"""The Gradio tutor."""
