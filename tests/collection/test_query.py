"""Which questions are ones about the collection, and what they ask of it. Taking one too many is the worse mistake."""

from __future__ import annotations

import pytest

from evals import case_files
from rag.collection.query import RECENT_MONTHS, Query, parse

ASKED: list[tuple[str, Query]] = [
    ("How many papers are there?", Query("count")),
    ("how many papers do you have", Query("count")),
    ("How many abstracts are in this collection?", Query("count")),
    ("how many papers does the library contain?", Query("count")),
    ("What is the total number of papers?", Query("count")),
    ("how big is the collection?", Query("count")),
    ("please count all the papers", Query("count")),
    ("What is new here?", Query("list", months=RECENT_MONTHS)),
    ("what's new in this library", Query("list", months=RECENT_MONTHS)),
    ("what is new since 2025-06?", Query("list", since="2025-06")),
    ("is there anything new in 2025?", Query("list", since="2025", until="2025")),
    ("Roughly how many papers are there about image retrieval?", Query("count", about="image retrieval")),
    ("How many papers mention LoRA?", Query("count", mention="LoRA")),
    ("how many papers mention LoRA and are from 2023?", Query("count", mention="LoRA", since="2023", until="2023")),
    ("which papers were published in 2024 and mention agents?", Query("list", mention="agents", since="2024", until="2024")),
    ("so how many papers mention lora", Query("count", mention="lora")),
    ("How many of the papers mention graph neural networks?", Query("count", mention="graph neural networks")),
    ('how many papers mention "learning to rank"?', Query("count", mention="learning to rank")),
    ("how many papers contain the word entropy", Query("count", mention="entropy")),
    ("In how many papers is GPT-4 mentioned?", Query("count", mention="GPT-4")),
    ("Can you tell me how many papers are about text to speech?", Query("count", about="text to speech")),
    ("how many diffusion papers are there?", Query("count", about="diffusion")),
    ("How many papers do you have on active learning?", Query("count", about="active learning")),
    ("how many papers are there on the topic of grokking in the collection", Query("count", about="grokking")),
    ("number of papers that deal with speech", Query("count", about="speech")),
    ("How many papers have LoRA in their title?", Query("count", in_title="LoRA")),
    ("How many papers from 2024 are about diffusion?", Query("count", about="diffusion", since="2024", until="2024")),
    ("how many papers about diffusion were published in 2024?", Query("count", about="diffusion", since="2024", until="2024")),
    ("how many papers were published since 2023", Query("count", since="2023")),
    ("How many papers were published after 2022?", Query("count", since="2023")),
    ("how many papers are there before May 2020?", Query("count", until="2020-04")),
    ("How many papers between 2022 and 2024 mention agents?", Query("count", mention="agents", since="2022", until="2024")),
    ("how many 2024 papers are there", Query("count", since="2024", until="2024")),
    ("how many papers from 2024-05 are here", Query("count", since="2024-05", until="2024-05")),
    ("How many papers came out in 2023?", Query("count", since="2023", until="2023")),
    ("Which papers mention both LoRA and quantization?", Query("list", mention="LoRA and quantization")),
    ("how old is the oldest paper?", Query("oldest", most=1)),
    ("how many papers were published recently?", Query("count", months=3)),
    ("how many papers are listed by starter", Query("count", source="starter")),
    ("How many papers are from the source zotero?", Query("count", source="zotero")),
    ("List the papers on speech from 2023", Query("list", about="speech", since="2023", until="2023")),
    ("list papers from 2023 on speech.", Query("list", about="speech", since="2023", until="2023")),
    ("papers from 2024 on speech", Query("list", about="speech", since="2024", until="2024")),
    ("show me the papers from March 2024", Query("list", since="2024-03", until="2024-03")),
    ("Which papers were published in 2015?", Query("list", since="2015", until="2015")),
    ("which papers are from 2021", Query("list", since="2021", until="2021")),
    ("what papers do you have from 2020?", Query("list", since="2020", until="2020")),
    ("find papers published since June 2025", Query("list", since="2025-06")),
    ("Which papers mention catastrophic forgetting?", Query("list", mention="catastrophic forgetting")),
    ("does any paper mention ControlNet?", Query("list", mention="ControlNet")),
    ("Are there any papers that mention CIFAR-10?", Query("list", mention="CIFAR-10")),
    ("list all papers on active learning", Query("list", about="active learning")),
    ("list all the papers", Query("list")),
    ("Are there recent papers on agents?", Query("list", about="agents", months=3)),
    ("recent papers on large language models", Query("list", about="large language models", months=3)),
    ("papers on quantization from the last two years", Query("list", about="quantization", months=24)),
    ("What are the newest papers on agents?", Query("newest", about="agents")),
    ("what is the newest paper", Query("newest", most=1)),
    ("the 5 most recent papers please", Query("newest", most=5)),
    ("show me the three latest papers on speech", Query("newest", about="speech", most=3)),
    ("What's the latest paper that mentions ImageNet?", Query("newest", mention="ImageNet", most=1)),
    ("Which is the oldest paper here?", Query("oldest", most=1)),
    ("which paper is the oldest?", Query("oldest", most=1)),
    ("Which paper on translation is the most recent one?", Query("newest", about="translation", most=1)),
    ("when was the earliest paper published", Query("oldest", most=1)),
    ("How many authors does GraphSAINT have?", Query("authors", title="GraphSAINT")),
    ('how many authors does the paper "Pointer Networks" have', Query("authors", title="Pointer Networks")),
    ("how many authors are on the SoftHebb paper?", Query("authors", title="SoftHebb")),
    ("Who wrote Pointer Networks?", Query("authors", title="Pointer Networks")),
    ("who are the authors of GENRE?", Query("authors", title="GENRE")),
    ("When was Pointer Networks published?", Query("date", title="Pointer Networks")),
    ("Which of these papers list Percy Liang among their authors?", Query("list", author="Percy Liang")),
    ("What is new about LoRA since 2024?", Query("newest", about="LoRA", since="2024")),
    ("what's new in graph learning in 2024", Query("newest", about="graph learning", since="2024", until="2024")),
    ("papers by Kaiming He since 2020", Query("list", author="Kaiming He", since="2020")),
    ("How many papers by Ioffe are there?", Query("count", author="Ioffe")),
    ("What has Sergey Ioffe written?", Query("list", author="Sergey Ioffe")),
    ("newest papers by Laurens van der Maaten", Query("newest", author="Laurens van der Maaten")),
    ("Which of the papers were written by one person alone?", Query("list", max_authors=1)),
    ("how many papers have only one author?", Query("count", max_authors=1)),
    ("list single-author papers on graphs", Query("list", about="graphs", max_authors=1)),
    ("Which paper is titled something like 'pointer network'?", Query("title", title="pointer network")),
    ("which paper is called Pointer Networks", Query("title", title="Pointer Networks")),
    ("Is there a paper called Attention Is All You Need?", Query("title", title="Attention Is All You Need")),
    ("do you have the paper titled “Pointer Networks”?", Query("title", title="Pointer Networks")),
    ("How many papers are there per year?", Query("by_year")),
    ("number of papers by year", Query("by_year")),
    ("how many papers on diffusion are there for each year?", Query("by_year", about="diffusion")),
    ("How many papers per source?", Query("by_source")),
    ("Which sources are there?", Query("by_source")),
    ("What years does the collection cover?", Query("range")),
    ("which years are covered", Query("range")),
    ("what is the date range of the papers?", Query("range")),
]

CONTENT = """
What is new in parameter-efficient fine-tuning?
Which papers were written by transformers?
What is new about LoRA?
oldest papers by year
best papers since 2024
summarize recent papers
What is the latest paper on agents about?
how many papers mention " "?
Which papers train graph networks on sampled subgraphs?
How many parameters does GPT-4 have?
How many papers did GPT-4 review?
How many papers were used to train Galactica?
How many papers are in the S2ORC dataset?
how many papers about COVID did CORD-19 contain?
How many papers from ACL 2020 are annotated in the corpus?
how many papers do the authors cite?
How many papers were annotated by the experts?
how many papers can be summarised in one prompt?
How many papers use LoRA?
how many papers improve on LoRA by pruning?
How many papers on speech beat Whisper?
how many papers about agents were accepted at ICLR
list the papers on LoRA cited in 2024
which papers on quantization from 2024 outperform GPTQ
what is the newest paper on speech to report WER under 3
how many abstracts does SciFact contain
How many abstracts are in SciFact?
how many abstracts did the annotators read per hour?
how many articles are in the CNN/DailyMail training set
How many articles per day does the news recommender handle?
how many publications does the citation recommendation model rank?
How many papers mention LoRA or QLoRA?
how many papers mention LoRA as a baseline that fails?
how many of them mention it?
how many papers mention that batch norm hurts?
How many papers that mention LoRA also beat it?
which papers mention how long training takes?
Which papers from 2024 use contrastive learning to align images with text?
which papers from 2023 show that bigger batches help?
Which papers say that scaling stops helping?
which papers are better than LoRA?
Which papers find LoRA worse than full fine-tuning?
Which papers are about making language models forget what they have learned about a person?
Find papers on learning from label proportions
list papers on text-to-speech
papers about grokking please
list work on text-to-speech from the labs
what papers are there on pruning?
are there any papers on pruning?
are there any recent papers that beat LoRA at half the memory?
recent papers show that grokking is real, is that so?
Do recent papers agree that depth matters more than width?
what is the latest on diffusion models?
What is new in parameter-efficient fine-tuning?
what's the newest version of LLaMA used in the experiments?
Which is the oldest dataset used for continual learning?
What are the most recent baselines that MegaBlocks was compared with?
what is the oldest method for active learning
which model is the newest one in the comparison?
How many authors' styles can StyleSinger imitate?
How many authors did the authorship attribution model tell apart?
how many authors does it have?
who wrote it?
How many annotators wrote the questions?
who are the authors they disagree with?
When was it published?
when was the model trained?
When did deep learning become popular, according to the papers?
Which paper is about sampling subgraphs?
which paper is named after a dinosaur?
How many papers does the survey on LLM agents cover?
What papers mention a speedup over FlashAttention?
How many publications mention genes in PubMed?
In how many papers does the model appear to hallucinate?
Are there recent papers that question scaling laws?
what are the newest articles that the recommender was tested on
which paper introduced the transformer?
Is there a paper that proposes a decoder-only translation model?
is there a benchmark called SWE-bench?
What is the method called that samples subgraphs?
what do the papers say about the years 2020 to 2024?
How many years of weather data does GraphCast learn from?
what years does the ERA5 data cover?
Which years of news were used for training?
which sources of noise are there in quantum hardware?
where do the papers' gains come from?
how large is the corpus used to train it?
How big is the training corpus?
how large is the library of motions?
What is the size of the pretraining corpus in tokens?
how many papers per conference are in the dataset of peer reviews?
how many papers each year are rejected by NeurIPS
In how many papers is the claim that attention explains predictions supported?
list the steps of the algorithm
List all methods that need no labels
show me how GraphSAINT samples
count the parameters of Zamba2
number of layers in PhaseNet
papers
How long should I boil an egg?
Was sagt das Papier über LoRA?
""".strip().splitlines()


@pytest.mark.parametrize(("question", "query"), ASKED, ids=[question for question, _ in ASKED])
def test_a_question_about_the_collection_is_read(question: str, query: Query) -> None:
    assert parse(question) == query


@pytest.mark.parametrize("question", CONTENT)
def test_a_question_about_what_papers_say_is_left_alone(question: str) -> None:
    assert parse(question) is None


def test_no_case_of_another_kind_is_taken_for_one_about_the_collection() -> None:
    asked = [q for c in case_files.load() if c.kind != "collection" for q in (c.question, *(t.content for t in c.history))]
    assert len(asked) > 250
    assert [q for q in asked if parse(q)] == []


def test_a_question_of_very_many_words_is_none_of_them() -> None:
    assert parse("how many papers " + "here " * 1_500) is None


@pytest.mark.parametrize("asked", ["2024-13", "Mayhem 2024", "2024-02-31", "20244"])
def test_a_date_that_is_none_is_not_guessed(asked: str) -> None:
    assert parse(f"how many papers are there since {asked}") is None


@pytest.mark.parametrize(("question", "query"), ASKED[:20], ids=[question for question, _ in ASKED[:20]])
def test_case_and_signs_do_not_matter(question: str, query: Query) -> None:
    shouted = parse(question.upper() + " ?!")
    assert shouted is not None
    assert shouted.want == query.want
    assert (shouted.mention.lower(), shouted.about.lower()) == (query.mention.lower(), query.about.lower())
