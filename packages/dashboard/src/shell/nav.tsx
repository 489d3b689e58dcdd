import { Icon, type IconName } from '../parts/icons.tsx';
import { Link } from '../routing/link.tsx';
import style from './shell.module.css';

const PLACES: readonly { readonly to: string; readonly label: string; readonly icon: IconName }[] = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/topology', label: 'Topology', icon: 'topology' },
  { to: '/devices', label: 'Devices', icon: 'devices' },
  { to: '/rounds', label: 'Rounds', icon: 'rounds' },
  { to: '/ledger', label: 'Ledger', icon: 'ledger' },
  { to: '/evidence', label: 'Evidence', icon: 'evidence' },
];

export function Nav({ pathname }: { readonly pathname: string }) {
  return (
    <nav className={style.nav} aria-label="Pages">
      <ul>
        {PLACES.map(({ to, label, icon }) => (
          <li key={to}>
            <Link to={to} aria-current={isWithin(pathname, to) ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{label}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function isWithin(pathname: string, to: string): boolean {
  return to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`);
}
