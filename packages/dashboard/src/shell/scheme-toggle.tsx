import { SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { Icon, type IconName } from '../parts/icons.tsx';

const SCHEMES: readonly {
  readonly value: 'light' | 'dark' | 'auto';
  readonly icon: IconName;
  readonly label: string;
}[] = [
  { value: 'light', icon: 'sun', label: 'Light' },
  { value: 'auto', icon: 'system', label: 'As the system' },
  { value: 'dark', icon: 'moon', label: 'Dark' },
];

/** Light, dark, or what the system prefers; remembered by this browser. */
export function SchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      size="xs"
      fullWidth
      aria-label="Colour scheme"
      value={colorScheme}
      onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
      data={SCHEMES.map(({ value, icon, label }) => ({
        value,
        label: (
          <span style={{ display: 'grid', placeItems: 'center', height: 18 }} title={label}>
            <Icon name={icon} size={14} />
            <span className="sr-only">{label}</span>
          </span>
        ),
      }))}
    />
  );
}
