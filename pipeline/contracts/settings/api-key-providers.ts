/** Who makes the keys. docs/api-keys.md */
export type ApiKeyProvider = 'bedrock' | 'iam-access-key' | 'generated' | 'http';
