"""A causal language model of a few thousand random weights that reads bytes, as a folder of transformers."""

from __future__ import annotations


def write_tiny_model(folder) -> str:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    vocabulary = {x: i for i, x in enumerate(["<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    letters = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=letters, eos_token="<end>").save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "max_position_embeddings": 512}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    ends = {"eos_token_id": 0, "bos_token_id": 0, "tie_word_embeddings": True}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(vocabulary), **sizes, **heads, **ends)).save_pretrained(folder)
    return str(folder)
