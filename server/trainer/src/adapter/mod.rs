//! LoRA weights; reading and writing the format of PEFT.
