##@ Practice
