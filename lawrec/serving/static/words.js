// All texts of the page, by language. "{name}" is replaced by a value.

export const WORDS = {
  "zh-Hans": {
    title: "法条推荐 · lawrec",
    skip: "跳到案情输入框",
    language: "语言",
    subtitle: "根据案情推荐《刑法》条文",
    any_law: "根据案情推荐法律条文",
    heading: "这个案件可能适用哪些条文？",
    no_advice: "仅供查阅参考，不构成法律意见。模型只提示应当阅读哪些条文，是否适用由您判断。",
    key: "访问密钥",
    use_key: "使用",
    need_key: "本服务需要访问密钥，请向管理员索取。",
    wrong_key: "访问密钥不正确，请核对后重新输入。",
    fact: "案情",
    fact_hint: "粘贴起诉书或判决书中的事实部分，或把文本文件拖到框内。Ctrl+Enter 提交。",
    recommend: "推荐条文",
    open_file: "打开文本文件",
    no_text: "“{name}”不是 UTF-8 或 GB18030 编码的文本文件。请另存为纯文本，或把案情粘贴到框内；表格请用“批量处理”。",
    day: "法律版本",
    newest_version: "现行（{day}起）",
    version: "{day}至{last}",
    no_law: "未能加载条文内容，请稍后再试。",
    no_fact: "请先输入案情。",
    working: "正在分析……",
    answer: "推荐结果",
    found_none: "没有推荐任何条文。",
    found: "推荐 {count} 个条文，按可能性从高到低排列。",
    marked: "案情",
    marked_hint: "标出的词语对结果影响最大；点击可跳到相应的条文。",
    because: "案情中的依据：",
    rival: "最接近的其他条文是{article}，得分 {score}。",
    near: "未推荐的条文",
    near_hint: "得分仅次于推荐条文，供核对；每个条文都注明可能性和未推荐的理由。",
    article: "第{number}条{branch}",
    certain: "几乎确定",
    very_likely: "很可能",
    likely: "较可能",
    open: "难以确定",
    unlikely: "不太可能",
    very_unlikely: "很不可能",
    colon: "：",
    comma: "，",
    chance: "{words}（{percent}）",
    score: "得分 {score}",
    law_text: "条文内容（{day}起施行的版本）",
    no_law_text: "没有导入法律文本，因此不显示条文内容。",
    outdated: "此后又经修正：{names}。",
    amended: "曾经修正：{names}",
    abstained: "请人工判断：要达到承诺的覆盖率，名单会过长，因此模型不作推荐。",
    guarantee: "名单按 {share} 的覆盖率设定：平均而言，每 100 个新案件中有 {count} 个案件的名单包含其全部条文。",
    truncated: "案情过长，超出模型读取范围的结尾没有考虑。",
    missing_companion: "在训练案件中，{article}很少不与{other}同时引用，而后者不在名单中。",
    never_cited_together: "在训练案件中，{article}与{other}从未同时引用。",
    similar: "相似的训练案件",
    similar_hint: "训练案件中用词与本案最接近的案件，以及其引用的条文。",
    similar_case: "案件 {name}：{articles}（相似度 {percent}）",
    feedback: "您的判断",
    feedback_hint: "请在每个条文下选择适用或不适用。您的判断会保存下来，用于改进模型；未作判断的条文视为未知。",
    applies: "适用",
    applies_not: "不适用",
    judge: "{article}是否适用",
    missing: "遗漏的条文",
    missing_hint: "例如 264, 133之一",
    complete: "名单完整，没有其他条文适用",
    send_feedback: "提交判断",
    nothing_judged: "请先对至少一个条文作出判断。",
    feedback_kept: "已保存，谢谢。对同一案情再次提交，将取代这次的判断。",
    copy: "复制为文本",
    copied: "已复制。",
    print: "打印",
    batch: "批量处理",
    batch_hint: "文本文件每行一个案件；也可以用 CSV、Excel、JSON 行或 Parquet。文件只用于本次计算，不会保存。",
    choose: "选择案件文件",
    none_chosen: "未选择文件",
    no_file: "请先选择案件文件。",
    file_changed: "“{name}”在选择之后有改动，或已无法读取。请重新选择。",
    fact_field: "案情所在的列",
    fact_field_hint: "留空则自动识别",
    start: "开始",
    stop: "停止",
    batch_progress: "进度",
    batch_table: "批量处理结果",
    reading: "正在读取文件……",
    no_cases: "文件中没有案件。",
    batch_done: "完成：{done} 个案件，其中 {errors} 个无法分析。",
    batch_running: "已完成 {done} / {total}",
    batch_stopped: "已停止：完成 {done} / {total}。",
    csv: "下载 CSV",
    jsonl: "下载 JSON 行",
    column_case: "编号",
    column_fact: "案情",
    column_articles: "推荐条文",
    about: "关于模型",
    model: "模型“{name}”能推荐 {articles} 个条文，所学案件共引用条文 {citations} 次，依据{law}起施行的法律。在用于设定推荐标准的 {cases} 个案件上，名单与裁判所引条文完全一致的占 {exact}，综合得分（micro-F1，满分为 1）为 {f1}。",
    model_without_law: "模型“{name}”能推荐 {articles} 个条文，所学案件共引用条文 {citations} 次。在用于设定推荐标准的 {cases} 个案件上，名单与裁判所引条文完全一致的占 {exact}，综合得分（micro-F1，满分为 1）为 {f1}。",
    limits: "模型从过去的裁判中学习，不认识训练之后修正的法律，也可能重复其中的偏差。它不得用于评判、监控或预测任何个人。",
    privacy: "案情只在本服务的内存中处理，不写入日志；除非您提交判断，也不保存。",
    no_service: "服务没有响应。请稍后再试。",
    no_answer: "收到的不是本服务的回答，可能需要重新登录网络。请刷新页面后再试。",
    too_large: "内容过多，超出本服务的限制。请缩短案情，或把文件分成几个。",
    busy: "服务繁忙，稍后自动重试。",
    reasons: {
      "above threshold": "得分达到推荐标准",
      "below threshold": "得分未达到推荐标准",
      "top-1 fallback": "没有条文达到标准，这是得分最高的一条",
      "minimum list": "名单至少要有这么多条文",
      "guarantee": "为达到承诺的覆盖率而列入",
      "over the maximum": "达到标准，但名单已满",
      "abstained": "模型不作判断，请人工判断",
      "nothing known in the text": "案情中没有模型认识的内容",
    },
    places: {
      fact: "案情",
      fact_field: "案情所在的列",
      articles: "条文",
      added: "遗漏的条文",
      rejected: "您的判断",
      feedback: "您的判断",
    },
    table: {
      columns: [
        "编号", "名次", "条文", "罪名", "得分", "概率", "推荐标准", "是否推荐", "理由", "未能分析的原因",
      ],
      yes: "是",
      no: "否",
    },
  },
  en: {
    title: "Articles for a case · lawrec",
    skip: "Skip to the fact",
    language: "Language",
    subtitle: "Articles of the Criminal Law for the facts of a case",
    any_law: "Articles of the law for the facts of a case",
    heading: "Which articles may apply to this case?",
    no_advice: "For reference only; this is no legal advice. The model names articles to read. Whether they apply, you decide.",
    key: "API key",
    use_key: "Use it",
    need_key: "This service needs an API key. Ask those who run it.",
    wrong_key: "The service does not know this API key. Check it and write it again.",
    fact: "Fact of the case, in Chinese",
    fact_hint: "Paste the facts of an indictment or a judgment, or drop a text file. Ctrl+Enter submits.",
    recommend: "Recommend articles",
    open_file: "Open a text file",
    no_text: "“{name}” is no text file in UTF-8 or GB18030. Save it as plain text, or paste the fact; tables are for “Many cases”.",
    day: "Version of the law",
    newest_version: "In force (from {day})",
    version: "{day} to {last}",
    no_law: "The text of the law could not be loaded. Try again later.",
    no_fact: "Write the fact first.",
    working: "Working …",
    answer: "Recommendations",
    found_none: "No article is recommended.",
    found: "Recommended articles: {count}, the most likely one first.",
    marked: "The fact",
    marked_hint: "The marked words moved the result most; each leads to its article.",
    because: "What speaks for it in the fact: ",
    rival: "The nearest other article is {article}, with the score {score}.",
    near: "Not recommended",
    near_hint: "The articles with the next scores, to check: each says how likely it is, and why it is not recommended.",
    article: "Article {number}{branch}",
    certain: "almost certain",
    very_likely: "very likely",
    likely: "likely",
    open: "uncertain",
    unlikely: "unlikely",
    very_unlikely: "very unlikely",
    colon: ": ",
    comma: ", ",
    chance: "{words} ({percent})",
    score: "score {score}",
    law_text: "Text of the law (in force from {day})",
    no_law_text: "No text of the law is imported, so none is shown.",
    outdated: "Amended since: {names}.",
    amended: "Amended by: {names}",
    abstained: "For a person to decide: the guarantee would need too long a list, so nothing is recommended.",
    guarantee: "Lists are made for a coverage of {share}: of 100 new cases, on average {count} have all their articles on the list.",
    truncated: "The fact is longer than the model reads: its end was not considered.",
    missing_companion: "In the training cases, {article} is rarely cited without {other}, which is missing here.",
    never_cited_together: "In the training cases, {article} and {other} are never cited together.",
    similar: "Similar train cases",
    similar_hint: "The train cases whose words are most like those of this case, and the articles that they cite.",
    similar_case: "Case {name}: {articles} (similarity {percent})",
    feedback: "Your judgment",
    feedback_hint: "Say under each article whether it applies. Your judgment is kept to improve the model; what you do not judge counts as unknown.",
    applies: "applies",
    applies_not: "does not apply",
    judge: "Does {article} apply?",
    missing: "Missing articles",
    missing_hint: "such as 264, 133之一",
    complete: "The list is complete: no other article applies",
    send_feedback: "Send judgment",
    nothing_judged: "Judge at least one article first.",
    feedback_kept: "Kept. Thank you. Another judgment on this fact replaces it.",
    copy: "Copy as text",
    copied: "Copied.",
    print: "Print",
    batch: "Many cases",
    batch_hint: "A text file has one case per line; CSV, Excel, JSON lines and Parquet are read as well. Files are used for this computation alone and are not kept.",
    choose: "Choose a file of cases",
    none_chosen: "No file chosen",
    no_file: "Choose a file of cases first.",
    file_changed: "“{name}” has changed since it was chosen, or can no longer be read. Choose it again.",
    fact_field: "Column of the fact",
    fact_field_hint: "empty: found by itself",
    start: "Start",
    stop: "Stop",
    batch_progress: "Progress",
    batch_table: "Answers to many cases",
    reading: "Reading the file …",
    no_cases: "The file has no cases.",
    batch_done: "Done: {done} cases, {errors} of which could not be answered.",
    batch_running: "{done} of {total} done",
    batch_stopped: "Stopped: {done} of {total} done.",
    csv: "Download CSV",
    jsonl: "Download JSON lines",
    column_case: "Case",
    column_fact: "Fact",
    column_articles: "Recommended articles",
    about: "About the model",
    model: "The model “{name}” knows {articles} articles, and the law as of {law}. It was trained on cases that cite articles {citations} times. On the {cases} cases that tuned its thresholds, its micro-F1 is {f1}, and {exact} of its lists are exactly right.",
    model_without_law: "The model “{name}” knows {articles} articles. It was trained on cases that cite articles {citations} times. On the {cases} cases that tuned its thresholds, its micro-F1 is {f1}, and {exact} of its lists are exactly right.",
    limits: "The model learned from past judgments. It does not know later amendments, and may repeat what was unjust. It must not be used to judge, watch or predict people.",
    privacy: "Facts are processed in the memory of this service and written to no log. They are not kept, unless you send a judgment.",
    no_service: "The service does not answer. Try again later.",
    no_answer: "What came is no answer of this service; perhaps the network asks you to log in. Load the page again.",
    too_large: "This is more than the service takes. Shorten the fact, or divide the file.",
    busy: "The service is busy; the page tries again.",
    reasons: {
      "above threshold": "its score reaches the threshold",
      "below threshold": "its score does not reach the threshold",
      "top-1 fallback": "no article reaches the threshold; this one has the best score",
      "minimum list": "a list must have at least so many articles",
      "guarantee": "listed to reach the guaranteed coverage",
      "over the maximum": "it reaches the threshold, but the list is full",
      "abstained": "left to a person",
      "nothing known in the text": "the model knows nothing in this text",
    },
    places: {
      fact: "fact",
      fact_field: "column of the fact",
      articles: "articles",
      added: "missing articles",
      rejected: "judgment",
      feedback: "judgment",
    },
    table: { columns: null, yes: "True", no: "False" }, // as `predict --format csv` writes it
  },
};

export function words(name, values = {}) {
  const text = WORDS[language()][name];
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// Return the name of an article in a sentence: 第133条之一 for "133之一".
export function articleName(article) {
  const [, number, branch] = /^(\d+)(.*)$/.exec(article) ?? [];
  return number ? words("article", { number, branch }) : article;
}

export function reason(text) {
  return WORDS[language()].reasons[text] ?? text;
}

// Return what the page calls a field of a request, such as "body.added.0".
export function placeName(field) {
  const [, name] = /^(?:(?:body|query)\.)?(\w+)(?:\.\d+)?$/.exec(field) ?? [];
  return WORDS[language()].places[name] ?? field;
}

// Return the headings of a table of answers, null for the names of the fields, and its yes and no.
export function table() {
  return WORDS[language()].table;
}

// Return a day such as "2021-03-01" as people write it.
export function dayName(day) {
  const format = new Intl.DateTimeFormat(language(), { dateStyle: "long", timeZone: "UTC" });
  return format.format(new Date(day));
}

export function numeral(number) {
  return number.toLocaleString(language());
}

export function language() {
  return document.documentElement.lang in WORDS ? document.documentElement.lang : "zh-Hans";
}

// Write the texts into the elements that name them, in the language of the document.
export function translate() {
  document.title = words("title");
  for (const element of document.querySelectorAll("[data-word]"))
    element.textContent = words(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]"))
    element.setAttribute("aria-label", words(element.dataset.label));
  for (const element of document.querySelectorAll("[data-placeholder]"))
    element.placeholder = words(element.dataset.placeholder);
  for (const button of document.querySelectorAll("#languages button"))
    button.setAttribute("aria-pressed", button.value === language());
}
