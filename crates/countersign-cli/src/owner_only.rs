//! Files that only their owner reads; first of all the master key, 32 bytes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use countersign::random::{Random as _, SystemRandom};
use countersign::secrets::MasterKey;
use zeroize::Zeroizing;

use crate::config::is_readable_by_others;
use crate::failure::Failure;

/// Reads the master key.
///
/// # Errors
/// [`Failure`] if there is none, if others can read it, or if it is not 32 bytes long.
pub(crate) fn read(path: &Path) -> Result<MasterKey, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        let help = if error.kind() == io::ErrorKind::NotFound {
            IF_LOST
        } else {
            "let the user that this program runs as read it, and nobody else"
        };
        Failure::of(
            anyhow::Error::new(error).context(format!("the master key {shown} cannot be read")),
        )
        .help(help)
    })?;
    if is_readable_by_others(path) {
        return Err(Failure::new(format!(
            "the master key {shown} can be read by others than its owner"
        ))
        .help(format!("chmod 600 {shown}")));
    }
    let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| {
        Failure::new(format!("the master key {shown} does not have 32 bytes")).help(IF_LOST)
    })?;
    Ok(MasterKey::from_bytes(bytes))
}

/// Makes a master key file, mode 0600. Never replaces one.
///
/// # Errors
/// [`Failure`] if there is one already, or if it cannot be written.
pub(crate) fn create(path: &Path) -> Result<(), Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom
        .fill(bytes.as_mut_slice())
        .map_err(Failure::of)?;
    write_new(path, bytes.as_slice())
}

/// Reads the master key, or makes one if there is none.
///
/// # Errors
/// [`Failure`] as [`read`] and [`create`].
pub(crate) fn read_or_create(path: &Path) -> Result<MasterKey, Failure> {
    if !path.exists() {
        let made = create(path);
        // Another process may have been faster; its key counts then.
        if !path.exists() {
            made?;
        }
    }
    read(path)
}

/// Writes a file that only its owner can read: whole, durably, and never in place of another one.
///
/// # Errors
/// [`Failure`] if there is one already, or if it cannot be written.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut draft = Draft::begin(path)?;
    draft.write(bytes)?;
    draft.finish()
}

/// A file of its owner's on its way: it has its name once it is whole, and never in place of another one. What is
/// given up leaves nothing behind.
pub(crate) struct Draft {
    path: PathBuf,
    /// Where it is meanwhile.
    aside: PathBuf,
    file: BufWriter<File>,
}

impl Draft {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Failure`] if there is one of that name already, or if it cannot be written.
    pub(crate) fn begin(path: &Path) -> Result<Self, Failure> {
        if path.exists() {
            return Err(cannot_write(path, io::ErrorKind::AlreadyExists.into()));
        }
        let draft = draft_of(path)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(|error| cannot_write(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            aside: draft,
            file: BufWriter::new(file),
        })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| cannot_write(&self.path, error))
    }

    /// Gives it its name, durably.
    ///
    /// # Errors
    /// [`Failure`] if somebody else has made a file of that name meanwhile, or if it cannot be written.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let written = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            // Unlike a rename, a link never replaces what is there.
            .and_then(|()| std::fs::hard_link(&self.aside, &self.path))
            .and_then(|()| std::fs::remove_file(&self.aside))
            .and_then(|()| sync_folder(&self.path));
        written.map_err(|error| cannot_write(&self.path, error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A finished one is gone already.
        let _ = std::fs::remove_file(&self.aside);
    }
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    let message = format!("{} cannot be written", path.display());
    Failure::of(anyhow::Error::new(error).context(message)).help(
        "see whether the folder exists and can be written, and whether the file is there already",
    )
}

/// A name beside the file that nobody else picks, not even a process of the same number in another container.
fn draft_of(path: &Path) -> Result<PathBuf, Failure> {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes).map_err(Failure::of)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{:016x}", u64::from_be_bytes(bytes))))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A store that has keys opens with the one that they were wrapped by; a new one would not help.
const IF_LOST: &str = "restore it from a backup, or name its place in `keys.master_key_file`; without it the keys in the \
    store are lost, every token is void, and the program can only start over with a new store";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        create(&path).unwrap();
        let first = std::fs::read(&path).unwrap();
        assert!(create(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(!is_readable_by_others(&path));
    }

    #[test]
    fn two_makers_of_one_key_agree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || *read_or_create(&path).unwrap().expose())
            })
            .collect();
        let keys: std::collections::BTreeSet<_> = makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect();
        assert_eq!(keys.len(), 1);
    }
}
