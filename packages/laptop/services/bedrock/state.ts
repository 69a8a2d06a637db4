export type ModelAccess = 'granted' | 'denied' | 'not-ready';

/** A profile of one's own, made of a model or of a system profile. */
export interface ApplicationProfile {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly description?: string;
  readonly region: string;
  /** The ARN that it was made from. */
  readonly copyFrom: string;
  readonly createdAt: Date;
  readonly tags: ReadonlyMap<string, string>;
}

/** Who may use which model, and the profiles that were made. Models are granted unless a test or a person takes them away. */
export class BedrockState {
  profiles: ApplicationProfile[] = [];
  readonly #access = new Map<string, ModelAccess>();

  /** In one region, or in all of them. */
  setAccess(modelId: string, access: ModelAccess, region = '*'): void {
    if (region === '*')
      for (const key of this.#access.keys()) if (key.endsWith(` ${modelId}`)) this.#access.delete(key);
    this.#access.set(`${region} ${modelId}`, access);
  }

  access(modelId: string, region: string): ModelAccess {
    return this.#access.get(`${region} ${modelId}`) ?? this.#access.get(`* ${modelId}`) ?? 'granted';
  }

  clear(): void {
    this.profiles = [];
    this.#access.clear();
  }
}
