/** What a stub of a model says: always the same to the same words. */
export interface StubAnswer {
  readonly text: string;
  readonly stopReason: 'end_turn' | 'max_tokens' | 'stop_sequence';
  readonly stopSequence?: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface StubQuestion {
  readonly modelName: string;
  /** Every text of the request, the last one the user's. */
  readonly texts: readonly string[];
  readonly maxTokens: number;
  readonly stopSequences?: readonly string[];
}

const LONGEST_ECHO = 200;
const CHARACTERS_A_TOKEN = 4;

const countTokens = (text: string) => Math.max(1, Math.ceil(text.length / CHARACTERS_A_TOKEN));

export function answer(question: StubQuestion): StubAnswer {
  const asked = question.texts[question.texts.length - 1] ?? '';
  const echo = asked.length > LONGEST_ECHO ? `${asked.slice(0, LONGEST_ECHO)}…` : asked;
  const whole = `This is a stub of ${question.modelName}. You wrote: ${echo}`;
  const inputTokens = question.texts.reduce((sum, text) => sum + countTokens(text), 0);
  const stopped = firstStop(whole, question.stopSequences ?? []);
  const said = stopped ? whole.slice(0, stopped.at) : whole;
  const most = question.maxTokens * CHARACTERS_A_TOKEN;
  if (said.length > most) {
    return { text: said.slice(0, most), stopReason: 'max_tokens', inputTokens, outputTokens: question.maxTokens };
  }
  const outputTokens = countTokens(said);
  if (!stopped) return { text: said, stopReason: 'end_turn', inputTokens, outputTokens };
  return { text: said, stopReason: 'stop_sequence', stopSequence: stopped.sequence, inputTokens, outputTokens };
}

function firstStop(text: string, sequences: readonly string[]): { at: number; sequence: string } | undefined {
  return sequences
    .map((sequence) => ({ at: text.indexOf(sequence), sequence }))
    .filter(({ at }) => at >= 0)
    .sort((left, right) => left.at - right.at)[0];
}

/** A vector of unit length that depends on the text alone. */
export function embed(text: string, dimensions: number): number[] {
  let seed = 2166136261;
  for (const character of text) seed = Math.imul(seed ^ (character.codePointAt(0) as number), 16777619) >>> 0;
  const vector = Array.from({ length: dimensions }, (_, index) => Math.sin(seed + index * 12.9898));
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
