export const TOKEN = 'benchmark-token-0123456789';
