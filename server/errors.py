"""What can go wrong at the centre. What to do about it is said by a second base, from `codes.errors`."""

from __future__ import annotations

from typing import ClassVar

from codes.errors import ConfigError, CorruptStoreError, RejectedError, TransientError, YimaError
from codes.words import Words


class ServerError(YimaError):
    """The centre could not do what was asked."""

    code: ClassVar[str] = "server.error"


class StoreUnavailableError(ServerError, TransientError):
    """The database does not answer, is locked, or its disk is full."""

    code: ClassVar[str] = "store.unavailable"
    next_step: ClassVar[Words] = Words(
        "请检查数据库是否运行、磁盘是否已满；终端的记录不会丢失，恢复后自动补传。",
        "Check that the database runs and its disk has room; terminals keep their records and send them again.",
    )


class StoreContentionError(ServerError, TransientError):
    """Another worker held what this one needed; the transaction was rolled back."""

    code: ClassVar[str] = "store.contention"


class NewerSchemaError(ServerError, ConfigError):
    """The store was written by a newer release; this one must not touch it."""

    code: ClassVar[str] = "store.newer_schema"
    next_step: ClassVar[Words] = Words(
        "请换用写入该数据库的版本或更新的版本；数据未被改动。",
        "Use the release that wrote it, or a newer one; nothing was changed.",
    )


class DatabaseTooOldError(ServerError, ConfigError):
    """The database server is older than any this program is tested with."""

    code: ClassVar[str] = "store.database_too_old"
    next_step: ClassVar[Words] = Words(
        "请升级 PostgreSQL 后重新启动；数据未被改动。", "Upgrade PostgreSQL and start again; nothing was changed."
    )


class NotDurableError(ServerError, ConfigError):
    """The database would not keep what it says it has committed."""

    code: ClassVar[str] = "store.not_durable"
    next_step: ClassVar[Words] = Words(
        "请把数据库放在支持 WAL 的本地磁盘上，或打开 PostgreSQL 的 synchronous_commit。",
        "Put the file on a local disk that supports WAL, or switch PostgreSQL's synchronous_commit on.",
    )


class AddressInUseError(ServerError, ConfigError):
    """Something else answers at the address that was configured."""

    code: ClassVar[str] = "server.address_in_use"
    next_step: ClassVar[Words] = Words(
        "请停止占用该端口的程序，或修改配置项 web.port。",
        "Stop the program that holds the port, or change web.port in the configuration.",
    )


class DamagedStoreError(ServerError, CorruptStoreError):
    """The database file is damaged or is no database."""

    code: ClassVar[str] = "store.corrupt"
    next_step: ClassVar[Words] = Words(
        "请停止中心，另存该文件，从备份恢复；终端会补传备份之后的记录。",
        "Stop the centre, keep the file aside and restore a backup; terminals send again what came after it.",
    )


class StoreRefusedError(ServerError):
    """The database refused a value: a fault of ours, found before anything was committed."""

    code: ClassVar[str] = "store.refused"


class NoStoreError(ServerError, ConfigError):
    """There is no store of ours where one should be; none was made."""

    code: ClassVar[str] = "store.missing"
    next_step: ClassVar[Words] = Words(
        "请核对配置项 store.url；要从备份恢复，请执行 `yima server restore 备份文件 --config FILE`。没有改动任何数据。",
        "Check store.url in the configuration; to restore a backup, run `yima server restore BACKUP --config FILE`. "
        "No data was changed.",
    )


class ConflictError(ServerError, RejectedError):
    """It contradicts what is already there."""

    code: ClassVar[str] = "request.conflict"
    next_step: ClassVar[Words] = Words("请刷新后核对当前状态。", "Reload and look at the present state.")


class SignInError(ServerError, RejectedError):
    """Nobody is signed in, or the credentials are wrong."""

    code: ClassVar[str] = "auth.sign_in"
    next_step: ClassVar[Words] = Words("请重新登录，或使用有效的访问令牌。", "Sign in, or use a valid access token.")


class LockedOutError(ServerError, RejectedError):
    """Too many wrong passwords: the account rests for a while."""

    code: ClassVar[str] = "auth.locked_out"
    next_step: ClassVar[Words] = Words(
        "请稍后再试，或由管理员执行 `yima server user password NAME --config FILE` 重设密码。",
        "Wait, or have the administrator set a new password with `yima server user password NAME --config FILE`.",
    )


class ForbiddenError(ServerError, RejectedError):
    """The role does not allow it."""

    code: ClassVar[str] = "auth.forbidden"
    next_step: ClassVar[Words] = Words("请联系有相应权限的管理员。", "Ask somebody whose role allows it.")


class DamagedBackupError(ServerError, CorruptStoreError):
    """A backup is cut off, altered, or no backup."""

    code: ClassVar[str] = "backup.damaged"
    next_step: ClassVar[Words] = Words(
        "请改用另一份备份；现有数据库未被改动。", "Use another backup; the store was not touched."
    )


class BackupFileError(ServerError, ConfigError):
    """The file of a backup cannot be read or written."""

    code: ClassVar[str] = "backup.file"
    next_step: ClassVar[Words] = Words(
        "备份时请给出尚不存在、所在目录可写的文件名；恢复时请给出已有的备份文件。",
        "To back up, name a file that is not there yet, in a folder that can be written; to restore, name the backup.",
    )


class NewerBackupError(ServerError, ConfigError):
    """A newer release wrote the backup."""

    code: ClassVar[str] = "backup.newer"
    next_step: ClassVar[Words] = Words(
        "请用写入该备份的版本或更新的版本来恢复。", "Restore it with the release that wrote it, or a newer one."
    )


class NotEmptyError(ServerError, ConfigError):
    """There is a store where the backup should go."""

    code: ClassVar[str] = "backup.not_empty"
    next_step: ClassVar[Words] = Words(
        "加 --replace：原有数据库先另存，不会删除。",
        "Add --replace: the store that is there is set aside, not deleted.",
    )


class NotWholeError(ServerError, ConfigError):
    """A store that was filled from a backup is not whole on the disk; it was not put in place."""

    code: ClassVar[str] = "backup.not_whole"
    next_step: ClassVar[Words] = Words(
        "请确认磁盘有足够空间（约为数据库的两倍），且没有其他程序打开该文件，再恢复；现有数据库未被改动。",
        "Make sure that the disk has room (about twice the store) and that no other program has the file open, "
        "then restore again; the store that is there was not touched.",
    )


class RestoreDecidedError(ServerError, ConfigError):
    """The restored store is whole and will replace the former one, but it could not be put in its place yet."""

    code: ClassVar[str] = "backup.decided"
    next_step: ClassVar[Words] = Words(
        "请排除故障后启动中心：启动时会先完成恢复，原有数据库另存；不必再次恢复。",
        "Mend what is in the way and start the centre: it finishes the restore first and keeps the former store aside; "
        "do not restore again.",
    )


class RestoreFinishedError(ServerError, ConfigError):
    """A restore that had broken off is finished now; it may be all that was wanted, so no other one was begun."""

    code: ClassVar[str] = "backup.finished"
    next_step: ClassVar[Words] = Words(
        "请启动中心。若要恢复的是另一份备份，请加 --replace 再执行一次：刚恢复的数据库会另存。",
        "Start the centre. If it is another backup that you want, restore it with --replace: the store that was "
        "restored now is set aside then.",
    )


class UnclearRestoreError(ServerError, ConfigError):
    """A restore was decided, but the file that it names is missing or is another one."""

    code: ClassVar[str] = "store.restore_unclear"


class CentreRunsError(ServerError, ConfigError):
    """The centre must stand still while its store is replaced."""

    code: ClassVar[str] = "backup.centre_runs"
    next_step: ClassVar[Words] = Words(
        "请先停止使用该数据库的每一个中心（也可能在别的机器或别的端口上），再恢复；没有改动任何数据。",
        "Stop every centre that uses this store, on whatever machine or port, then restore; nothing was changed.",
    )


class StoreBeingReplacedError(ServerError, TransientError):
    """A restore holds the store alone."""

    code: ClassVar[str] = "store.being_replaced"
    next_step: ClassVar[Words] = Words(
        "请等恢复结束，再启动中心或执行命令。",
        "Wait until the restore has ended, then start the centre or the command.",
    )


class StoreReplacedError(ServerError, TransientError):
    """Another life of the store is at its address than the one that this process opened."""

    code: ClassVar[str] = "store.replaced"
    next_step: ClassVar[Words] = Words(
        "请重启中心；终端的记录不会丢失，重启后自动补传。",
        "Restart the centre; terminals keep their records and send them again.",
    )
